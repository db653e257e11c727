import type { RunResult } from "../program/run-options.ts";

/** The exit code when the script has not run, or its status is not known, as in `docker run`. */
export const OWN_FAILURE = 125;
/** 128 + SIGINT. */
export const CANCELLED = 130;

/**
 * The exit code of the command line: that of the script, when it is known. It is 0 only for a run that succeeded, or that has left its script
 * running. A script that exits 0 is not enough: the run has failed when the deployment takes no CONTINUE. `isAllWritten`: all output was
 * written. A run that has lost some of its output does not end with 0.
 */
export function exitCodeOf(
  { outcome, exitCode }: Pick<RunResult, "outcome" | "exitCode">,
  isAllWritten = true,
): number {
  if (outcome === "detached") return 0;
  if (outcome === "succeeded" && !isAllWritten) return CANCELLED;
  if (exitCode === 0 && outcome !== "succeeded") return OWN_FAILURE;
  return exitCode ?? (outcome === "cancelled" ? CANCELLED : OWN_FAILURE);
}
