import type { Clock } from "../clock.ts";
import { asFailure, type FailureCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ledger } from "./ledger.ts";
import { isFinal } from "../follow/attend.ts";
import type { JobEnd } from "../follow/job-end.ts";
import { stopJob, type StopJobOptions } from "./stop-job.ts";

/** Ends of a session that are none of its container, which can be told by another way. */
const ELSEWHERE: ReadonlySet<FailureCode> = new Set([
  "session-lost",
  "session-refused",
  "aws-unreachable",
  "aws-error",
  "throttled",
  // The cleanup says what it could not do, and the post step may have other credentials.
  "no-credentials",
  "no-id-token",
  "role-not-assumed",
]);

/** Whether something of a job may be left in its container, by what came of attending to it. */
export function isLeft(
  came: JobEnd,
  { cancelled, started }: { cancelled: boolean; started: boolean },
): boolean {
  if (came.kind === "status" || came.kind === "refused") return false;
  if (cancelled) return true;
  return came.kind === "impossible" ? ELSEWHERE.has(came.failure.code) : started || !isFinal(came);
}

/** Stops the jobs on record that no session could tell to. What fails here is tried again at the end. */
export async function stopLeft({
  stopping,
  ledger,
  clock,
  log,
}: {
  /** Calls that the cancel doesn't cut short: they carry it out. */
  readonly stopping: StopJobOptions["aws"];
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<void> {
  for (const entry of ledger.entries) {
    if (entry.kind !== "job") continue;
    try {
      await stopJob(entry, { aws: stopping, clock, log });
      ledger.drop(entry);
    } catch (error) {
      log.debug(`The job could not be told to stop: ${asFailure(error).seen}`);
    }
  }
}
