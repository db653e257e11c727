import type { Clock } from "../clock.ts";
import { asFailure, type FailureCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { isFinal } from "../carriers/session-end.ts";
import type { JobEnd } from "../carriers/job-end.ts";
import { type JobName, stopJob, type StopJobOptions, type Told } from "./stop-job.ts";

/** Failures on this side of the container: another connection may reach it. */
const OWN_FAILURES: ReadonlySet<FailureCode> = new Set([
  "session-lost",
  "session-refused",
  "aws-unreachable",
  "aws-error",
  "throttled",
  // Others have had its seat since its last session.
  "container-busy",
  // The post step may have other credentials.
  "no-credentials",
  "no-id-token",
  "role-not-assumed",
  // A mistake of this action says nothing of the container.
  "internal-error",
]);

/** Whether a job may still run in its container although no session follows it any more. `end` is how following it ended. */
export function isRunaway(
  end: JobEnd,
  { cancelled, attached }: { readonly cancelled: boolean; readonly attached: boolean },
): boolean {
  if (end.kind === "status" || end.kind === "refused" || end.kind === "detached") return false;
  if (cancelled) return true;
  return end.kind === "impossible" ? OWN_FAILURES.has(end.failure.code) : attached || !isFinal(end);
}

/** Whether the job ends with its task, which ECS is stopping: it may still run until then, and no session reaches it. */
export function endsWithTask(end: JobEnd): boolean {
  return end.kind === "impossible" && end.failure.code === "task-stopped";
}

export interface StopRunawaysOptions {
  /** The calls of the cleanup: a cancel does not cut them short. */
  readonly undoing: StopJobOptions["aws"];
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Stops the jobs in the ledger by a command of their own. A stop that fails stays in the ledger, and is tried again
 * at the end.
 */
export async function stopRunaways(options: StopRunawaysOptions): Promise<void> {
  for (const entry of options.ledger.entries) {
    if (entry.kind !== "job" || entry.told !== undefined) continue;
    noteTold(entry, await tellToStop(entry, options), options.ledger);
  }
}

/**
 * Notes in the ledger whether a job of it was told to stop, or ends with its task. It stays there until nothing waits for its end: `control`, or a lock
 * that the step holds.
 */
export function noteTold(
  entry: Extract<LedgerEntry, { kind: "job" }>,
  told: Told | "with-task" | "not",
  ledger: Pick<Ledger, "exchange">,
): void {
  if (told !== "not" && entry.told !== "certainly") ledger.exchange(entry, { ...entry, told });
}

/** Whether the entry is undone only once a job has learned that it was stopped. */
export function waitsForJob(entry: LedgerEntry): boolean {
  return entry.kind === "control" || (entry.kind === "lock" && entry.held === true);
}

/** Stops a job by a command of its own. */
export async function tellToStop(
  job: JobName,
  { undoing, clock, log }: Omit<StopRunawaysOptions, "ledger">,
): Promise<Told | "not"> {
  try {
    return await stopJob(job, { aws: undoing, clock, log });
  } catch (error) {
    log.debug(`The job could not be told to stop: ${asFailure(error).seen}`);
    return "not";
  }
}
