import type { Aws } from "../aws/calls.ts";
import type { Clock } from "../clock.ts";
import type { LockClaim } from "../queue/lock/take-lock.ts";
import type { Log } from "../log.ts";
import { releaseClaim } from "../queue/claim.ts";
import type { QueueS3 } from "../queue/queue-object.ts";
import { LEASES } from "../queue/leases.ts";
import type { StartedTask } from "../targets/made/made-resource.ts";
import { areStopped } from "../targets/made/stopped.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/** How long a job that was told to stop may still run: TERM, then KILL after three seconds. */
const STOPPING_MS = 10_000;
const LEFT = `The lock is not given back, since a job may go on under it. It is free after ${LEASES.lock.lasts / 60_000} minutes; the container stops the job before that.`;

export interface UndoLockContext {
  readonly aws: { readonly ecs: Pick<Aws["ecs"], "describeTasks">; readonly s3: QueueS3 };
  readonly clock: Clock;
  readonly log: Log;
}

/** What the cleanup had to undo, and what remains of it. */
export interface UndoneEntries {
  readonly entries: readonly LedgerEntry[];
  readonly remaining: readonly LedgerEntry[];
}

/**
 * Gives a lock back once the jobs that ran under it have ended: those that this cleanup has stopped, and those whose tasks ECS is stopping. When a job
 * may go on, the lock is left to end by itself: before that, the container stops a job that hears no runner.
 */
export async function undoLock(
  claim: LockClaim,
  { entries, remaining }: UndoneEntries,
  { aws, clock, log }: UndoLockContext,
): Promise<void> {
  const isJob = ({ kind }: LedgerEntry): boolean => kind === "job" || kind === "task" || kind === "stopping";
  if (claim.held === true && entries.some(isJob)) {
    const tasks = entries.flatMap((entry) => {
      if (entry.kind === "task" || entry.kind === "stopping") return entry;
      return isWithTask(entry) ? { cluster: entry.cluster, taskArn: entry.task } : [];
    });
    // The main step has written the cancel into `control`, and this cleanup has waited until the container has read that. The post step can't
    // write it: its own stop command may be all that tells the job, and it may be in line.
    const hasControl = entries.some(({ kind }) => kind === "control");
    const wasTold = (entry: LedgerEntry): boolean =>
      entry.kind === "job" &&
      (entry.told === "certainly" || (hasControl && entry.told === "perhaps" && entries.includes(entry)));
    const mayGoOn = (entry: LedgerEntry): boolean =>
      isJob(entry) && !wasTold(entry) && !isInStoppingTask(entry);
    const areOver = !remaining.some(mayGoOn) && (await areStopped(tasks, { ecs: aws.ecs, clock }));
    if (!areOver) {
      log.info(LEFT);
      return;
    }
    if (!entries.filter(isJob).every(isInStoppingTask)) await clock.sleep(STOPPING_MS);
  }
  await releaseClaim(claim, { s3: aws.s3, clock, log });
}

/** Whether it is over once its task has stopped. */
function isInStoppingTask(entry: LedgerEntry): boolean {
  return entry.kind === "stopping" || isWithTask(entry);
}

/** Whether the step has left the job to the end of its task. */
function isWithTask(entry: LedgerEntry): entry is Extract<LedgerEntry, { kind: "job" }> {
  return entry.kind === "job" && entry.told === "with-task";
}

/**
 * Notes a task that was told to stop while the step holds a lock: its container runs until ECS says that it has stopped, and a script that no session
 * reaches any more runs with it. So the post step gives the lock back only then.
 */
export function noteStopping(
  { cluster, taskArn }: Pick<StartedTask, "cluster" | "taskArn">,
  ledger: Pick<Ledger, "entries" | "replace">,
): void {
  const isHeld = ledger.entries.some((entry) => entry.kind === "lock" && entry.held === true);
  if (isHeld && taskArn !== undefined) ledger.replace([], [{ kind: "stopping", cluster, taskArn }]);
}

/**
 * Leaves a held lock to end by itself when a task is kept, because no cleanup stops the job there, and the end of that job
 * is not known.
 */
export function leaveLock(kept: readonly unknown[], ledger: Ledger, log: Log): void {
  const held = ledger.entries.filter((entry) => entry.kind === "lock" && entry.held === true);
  if (kept.length === 0 || held.length === 0) return;
  for (const entry of held) ledger.drop(entry);
  log.info(LEFT);
}
