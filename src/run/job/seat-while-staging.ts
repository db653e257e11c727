import type { JobSeat } from "./job-seat.ts";
import type { PreparedJob } from "./prepare.ts";

/**
 * Queues for the job's seat while the payload is being staged. When either fails, the other is given up. A failure of
 * `setup` in that time ends both, so that no session begins in vain.
 */
export async function takeSeatWhileStaging(
  seat: JobSeat,
  { start, setup }: PreparedJob,
  cancel: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const staged = start?.staged;
  for (const other of [staged, setup]) other?.catch((reason: unknown) => failed.abort(reason));
  const taking = seat.take(AbortSignal.any([cancel, failed.signal]));
  const [taken, put] = await Promise.allSettled([taking, staged]);
  if (failed.signal.aborted) await seat.giveBack();
  // When the bucket can't be used, the failure of the upload says more than that of the queue.
  if (put.status === "rejected") throw put.reason;
  if (taken.status === "rejected") throw taken.reason;
  failed.signal.throwIfAborted();
}
