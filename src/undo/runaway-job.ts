import type { Clock } from "../clock.ts";
import { asFailure, type FailureCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { isFinal } from "../carriers/session-end.ts";
import type { JobEnd } from "../carriers/job-end.ts";
import { type JobName, type StopCommand, stopJob, type StopJobOptions } from "./stop-job.ts";

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

/** What is known of a job when following it has ended. */
interface FollowedSoFar {
  readonly cancelled: boolean;
  readonly attached: boolean;
  /** Whether it may go on uploading its output. */
  readonly uploads: boolean;
}

/**
 * Whether a job may still run in its container although no session follows it any more, and is to be stopped. `end` is how following it ended. Where AWS
 * denies its next session, a stop command is likely to be denied, too: it is tried only for what a job would leave in the bucket.
 */
export function isRunaway(end: JobEnd, { cancelled, attached, uploads }: FollowedSoFar): boolean {
  if (end.kind === "status" || end.kind === "refused" || end.kind === "detached") return false;
  if (cancelled) return true;
  if (end.kind !== "impossible") return attached || !isFinal(end);
  const { code } = end.failure;
  return OWN_FAILURES.has(code) || (uploads && code === "access-denied");
}

/** Whether the job ends with its task, which ECS is stopping: it may still run until then, and no session reaches it. */
export function endsWithTask(end: JobEnd): boolean {
  return end.kind === "impossible" && end.failure.code === "task-stopped";
}

/** Whether a job was told to stop, or ends with its task. */
export type Stopped = StopCommand | { readonly told: "with-task" | "not" };

/**
 * Notes in the ledger whether a job of it was told to stop, or ends with its task. It stays there until nothing waits for its end: `control`, or a lock
 * that the step holds.
 */
export function noteTold(
  entry: Extract<LedgerEntry, { kind: "job" }>,
  stopped: Stopped,
  ledger: Pick<Ledger, "exchange">,
): void {
  const { told } = stopped;
  if (told !== "not" && entry.told !== "certainly") ledger.exchange(entry, { ...entry, ...stopped, told });
}

/** When the sessions of the stop commands in the ledger have surely ended, in milliseconds since the epoch: each uses a seat of its container. */
export function commandsEndBy({ entries }: Pick<Ledger, "entries">): number {
  return Math.max(0, ...entries.map((entry) => (entry.kind === "job" ? (entry.commandEndsBy ?? 0) : 0)));
}

/** Whether the entry is undone only once a job has learned that it was stopped. */
export function waitsForJob(entry: LedgerEntry): boolean {
  return entry.kind === "control" || (entry.kind === "lock" && entry.held === true);
}

export interface TellOptions {
  /** The calls of the cleanup: a cancel does not cut them short. */
  readonly undoing: StopJobOptions["aws"];
  readonly clock: Clock;
  readonly log: Log;
}

/** Stops a job by a command of its own. A job that is not told stays in the ledger, and is told again at the end. */
export async function tellToStop(job: JobName, { undoing, clock, log }: TellOptions): Promise<Stopped> {
  try {
    return await stopJob(job, { aws: undoing, clock, log });
  } catch (error) {
    log.debug(`The job could not be told to stop: ${asFailure(error).seen}`);
    return { told: "not" };
  }
}
