import type { RunResult } from "../program/run-options.ts";

/** The script's status is not known, or it has not run: as `docker run` says it. */
export const OWN_FAILURE = 125;
/** 128 + SIGINT. */
export const CANCELLED = 130;

/**
 * The exit code of the command line: the remote one, when there is one. Only a run that succeeded ends with 0, and one that has left its
 * script running. When the script exits 0 and its deployment takes no CONTINUE, the run has failed. `isOut`: all output was written; a run that
 * has lost some does not end with 0.
 */
export function exitCodeOf(
  { outcome, exitCode }: Pick<RunResult, "outcome" | "exitCode">,
  isOut = true,
): number {
  if (outcome === "detached") return 0;
  if (outcome === "succeeded" && !isOut) return CANCELLED;
  if (exitCode === 0 && outcome !== "succeeded") return OWN_FAILURE;
  return exitCode ?? (outcome === "cancelled" ? CANCELLED : OWN_FAILURE);
}
