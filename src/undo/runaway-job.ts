import type { Clock } from "../clock.ts";
import { asFailure, type FailureCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ledger } from "./ledger.ts";
import { isFinal } from "../follow/session-end.ts";
import type { JobEnd } from "../follow/job-end.ts";
import { stopJob, type StopJobOptions } from "./stop-job.ts";

/** Failures of the way to the container, not of the container: another way may still reach it. */
const ELSEWHERE: ReadonlySet<FailureCode> = new Set([
  "session-lost",
  "session-refused",
  "aws-unreachable",
  "aws-error",
  "throttled",
  // Without credentials the cleanup says what it could not do; the post step may have others.
  "no-credentials",
  "no-id-token",
  "role-not-assumed",
]);

/** Whether a job may go on in its container though no session follows it any more, by the end that it came to. */
export function isRunaway(
  end: JobEnd,
  { cancelled, attached }: { readonly cancelled: boolean; readonly attached: boolean },
): boolean {
  if (end.kind === "status" || end.kind === "refused") return false;
  if (cancelled) return true;
  return end.kind === "impossible" ? ELSEWHERE.has(end.failure.code) : attached || !isFinal(end);
}

export interface StopRunawaysOptions {
  /** Calls that the cancel doesn't cut short: they carry it out. */
  readonly undoing: StopJobOptions["aws"];
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}

/** Stops the jobs on record that no session could tell to. What fails here is tried again at the end. */
export async function stopRunaways({ undoing, ledger, clock, log }: StopRunawaysOptions): Promise<void> {
  for (const entry of ledger.entries) {
    if (entry.kind !== "job") continue;
    try {
      await stopJob(entry, { aws: undoing, clock, log });
      ledger.drop(entry);
    } catch (error) {
      log.debug(`The job could not be told to stop: ${asFailure(error).seen}`);
    }
  }
}
