/** How a worker with a known exit code ended. */
export type WorkerOutcome = "succeeded" | "failed" | "timed-out" | "cancelled";

/**
 * How a run ended. `not-started`: no script ran. `unknown`: a script may have run, but its end is not known, which never
 * counts as success. `detached`: the script was left running, as the inputs say.
 */
export type Outcome = WorkerOutcome | "not-started" | "unknown" | "detached";

const STOPPED = {
  "timed-out": { exitCode: 124, outcome: "timed-out" },
  cancelled: { exitCode: 130, outcome: "cancelled" },
} as const;

/**
 * The end of a worker, or of an item's run, with this exit code. After a timeout the code is 124, as with the command `timeout`, and after a
 * cancel 130, as in a shell: what the program itself made of TERM does not count.
 */
export function endOfProgram(
  exitCode: number,
  stoppedBy?: keyof typeof STOPPED,
): { readonly exitCode: number; readonly outcome: WorkerOutcome } {
  if (stoppedBy !== undefined) return STOPPED[stoppedBy];
  return { exitCode, outcome: exitCode === 0 ? "succeeded" : "failed" };
}
