import type { ObjectName } from "../aws/s3.ts";
import type { Clock } from "../clock.ts";
import { isDenied } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Target } from "../targets/target.ts";
import { type Change, type FoundQueue, QueueObject, type QueueS3 } from "./queue-object.ts";
import { LEASES } from "./leases.ts";
import { claimOf, EMPTY, split, withoutRun } from "./queue-state.ts";

/** A claim of this run on a seat, with all that is needed to give it back. */
export interface ClaimName extends ObjectName {
  /** The id of the run, by which it knows its own claim. */
  readonly run: string;
  /** The key that encrypts the queue; undefined: the bucket's default. */
  readonly kmsKeyId?: string | undefined;
}

/** The key of the queue for a container's seats. */
export function claimKey(
  prefix: string,
  { taskId, container }: Pick<Target, "taskId" | "container">,
): string {
  return `${prefix}claims/${taskId}/${container}.json`;
}

/**
 * Takes the run out of the queue, whether it holds a seat or waits for one. A second call does no harm. Fails when
 * the queue can't be changed.
 */
export async function leaveQueue(queue: QueueObject, run: string, session?: string): Promise<void> {
  const step = (found: FoundQueue | undefined): Change<void> => {
    if (found === undefined) return { result: undefined };
    // This run may have written the empty queue, and the answer was lost. Then the queue is still to be deleted.
    const isEmpty = found.queue.claims.length === 0;
    if (!isEmpty && claimOf(found.queue, run) === undefined) return { result: undefined };
    const remaining = withoutRun(found.queue, run, session);
    // When only lost runs remain, the queue is removed together with this claim.
    const isOver = split(remaining, found.now).live.claims.length === 0;
    return { queue: isOver ? EMPTY : remaining, result: undefined, leaver: run };
  };
  await queue.change(step, { assume: "last", denied: "fails" });
}

/** Takes the run out of the queue for the post step, which has only the claim's name. Without the right to do so it only logs that. */
export async function releaseClaim(
  { run, kmsKeyId, ...object }: ClaimName,
  {
    s3,
    clock,
    log,
  }: { readonly s3: QueueS3; readonly clock: Pick<Clock, "now" | "sleep" | "random">; readonly log: Log },
): Promise<void> {
  try {
    await leaveQueue(new QueueObject({ object, kmsKeyId, s3, clock, log }), run);
  } catch (error) {
    if (!isDenied(error)) throw error;
    log.info(
      `The claim can't be given back; if it is still there, it ends by itself within ${LEASES.lock.lasts / 60_000} minutes. ${error.failed}`,
    );
  }
}
