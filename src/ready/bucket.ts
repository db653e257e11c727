import type { S3 } from "../aws/s3.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * Fails with `bucket-not-found` or `bucket-elsewhere`, so that no task is started for a script that can't be staged.
 * Who has no right to look (`s3:ListBucket`) may still have the right to write, and learns at that point.
 */
export async function lookAtBucket(
  bucket: string | undefined,
  { s3, log }: { readonly s3: Pick<S3, "checkBucket">; readonly log: Log },
): Promise<void> {
  if (bucket === undefined) return;
  try {
    await s3.checkBucket(bucket);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "access-denied") throw error;
    log.debug(`The bucket could not be looked at. ${error.seen}`);
  }
}
