import type { RunResult } from "../program/run-options.ts";

/** The script's status is not known, or it has not run: as `docker run` says it. */
export const OWN_FAILURE = 125;
/** 128 + SIGINT. */
export const CANCELLED = 130;

/** The exit code of the command line: the remote one, where there is one. */
export function exitCodeOf({ outcome, exitCode }: Pick<RunResult, "outcome" | "exitCode">): number {
  return exitCode ?? (outcome === "cancelled" ? CANCELLED : OWN_FAILURE);
}
