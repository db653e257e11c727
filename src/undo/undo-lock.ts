import type { Aws } from "../aws/calls.ts";
import type { Clock } from "../clock.ts";
import type { LockClaim } from "../lock/take-lock.ts";
import type { Log } from "../log.ts";
import { releaseClaim } from "../places/claim.ts";
import type { QueueS3 } from "../places/queue-object.ts";
import { LOCK_LEASE_MS } from "../places/queue-state.ts";
import type { LedgerEntry } from "./ledger.ts";

/** How long a job that was told to stop may still run: TERM, then KILL after three seconds. */
const STOPPING_MS = 10_000;
/** How long a stopped task may still run: ECS sends KILL after `stopTimeout`, 120 s at most on Fargate. */
const STOPPED_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 3_000;

export interface UndoLockContext {
  readonly aws: { readonly ecs: Pick<Aws["ecs"], "describeTasks">; readonly s3: QueueS3 };
  readonly clock: Clock;
  readonly log: Log;
}

/** What the cleanup had to undo, and what is left of it. */
export interface UndoneEntries {
  readonly entries: readonly LedgerEntry[];
  readonly left: readonly LedgerEntry[];
}

/**
 * Gives a lock back once the jobs that this cleanup has stopped have ended. Where one may go on, the lock is left to end by
 * itself: the container stops a job that hears no runner before that.
 */
export async function undoLock(
  claim: LockClaim,
  { entries, left }: UndoneEntries,
  { aws, clock, log }: UndoLockContext,
): Promise<void> {
  const isJob = ({ kind }: LedgerEntry): boolean => kind === "job" || kind === "task";
  if (claim.held === true && entries.some(isJob)) {
    const tasks = entries.filter((entry) => entry.kind === "task");
    const areOver = !left.some(isJob) && (await areStopped(tasks, { aws, clock }));
    if (!areOver) {
      log.info(
        `The lock is not given back, since a job may go on under it. It is free after ${LOCK_LEASE_MS / 60_000} minutes; the container stops the job before that.`,
      );
      return;
    }
    await clock.sleep(STOPPING_MS);
  }
  await releaseClaim(claim, { s3: aws.s3, clock, log });
}

type TaskEntry = Extract<LedgerEntry, { kind: "task" }>;

/** Waits until ECS says that the tasks have stopped. False where it does not say so in time. */
async function areStopped(
  tasks: readonly TaskEntry[],
  { aws, clock }: Pick<UndoLockContext, "aws" | "clock">,
): Promise<boolean> {
  const until = clock.now() + STOPPED_WITHIN_MS;
  for (const { cluster, taskArn } of tasks) {
    if (taskArn === undefined) continue;
    for (;;) {
      const [task] = await aws.ecs.describeTasks(cluster, [taskArn]);
      if (task === undefined || task.lastStatus === "STOPPED") break;
      if (clock.now() >= until) return false;
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
  return true;
}
