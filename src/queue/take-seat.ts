import { Failure, isDenied } from "../errors.ts";
import { claimKey } from "./claim.ts";
import { waitForOtherSessions } from "./other-sessions.ts";
import type { Seat, SeatOptions } from "./seat.ts";
import { FEW_AT_ONCE } from "./failures.ts";
import { SeatInQueue } from "./seat-in-queue.ts";

/**
 * Queues for a seat in the container, first come, first served. The exec agent runs two sessions at once (AWS's
 * documentation: one) and queues one more. A further one blocks it for good, while ECS still reports it as RUNNING. So
 * the runs of this action share one seat in a container; runs that all release their sessions soon share two. A session
 * that was cut and lingers is then at most the second one. A run takes the place by a claim in the queue in the bucket,
 * else by looking at the container's sessions. In a task that this run has started it needs no queue, because no other
 * run knows the task.
 *
 * Fails with `container-busy` at the deadline; an abort throws its reason, and leaves no claim.
 */
export async function takeSeat(options: SeatOptions): Promise<Seat> {
  const { aws, inputs, log, origin, target, onClaim = () => undefined } = options;
  if (target.started) return FREE;
  if (inputs.bucket !== undefined) {
    const name = { bucket: inputs.bucket, owner: options.owner, key: claimKey(inputs.prefix, target) };
    const claim = { ...name, run: origin.id, kmsKeyId: inputs.kmsKeyId };
    onClaim(claim);
    const seat = new SeatInQueue({ ...options, claim, onClaim });
    try {
      await seat.take();
      return seat;
    } catch (error) {
      if (isDenied(error) || isOfAnotherBucket(error)) {
        await seat.abandon();
        onClaim(undefined);
      } else await seat.release();
      if (!isDenied(error) || isOfMany(options)) throw error;
      log.info(`${error.failed} Without a claim runs take turns by looking at the container's sessions.`);
    }
  }
  return { ...FREE, ...(await waitForOtherSessions({ ...options, ssm: aws.ssm })) };
}

/** True for a job of a matrix whose jobs can't take turns without claims. */
function isOfMany({ matrix }: SeatOptions): boolean {
  return matrix !== undefined && matrix.atOnce > FEW_AT_ONCE;
}

/** True for a failure that shows that no claim was written: the bucket is in another region, or is not there. */
function isOfAnotherBucket(error: unknown): boolean {
  return error instanceof Failure && (error.code === "bucket-elsewhere" || error.code === "bucket-not-found");
}

const FREE: Seat = {
  isHeld: false,
  isBesideOthers: false,
  isWanted: false,
  isWaitedFor: () => Promise.resolve(false),
  onSession: () => undefined,
  share: () => undefined,
  waitToReplace: () => Promise.resolve(),
  postpone: () => Promise.resolve(),
  release: () => Promise.resolve(),
};
