import { isReadable, notOwned } from "../aws/bucket-refusals.ts";
import type { BucketName, S3 } from "../aws/s3.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { parseArn } from "../targets/arn.ts";
import { isDenied } from "../errors.ts";

/**
 * The account that the bucket has to belong to: that of the input, else the cluster's, when `cluster` is an ARN. It
 * is checked because another account can take the name of a deleted bucket, and would get the staged script.
 */
export function bucketOwner(
  { bucketOwner }: Pick<Inputs, "bucketOwner">,
  cluster: string | undefined,
): string | undefined {
  return bucketOwner ?? (cluster === undefined ? undefined : parseArn(cluster)?.account);
}

/**
 * Checks the bucket before a task is started. Fails with `bucket-not-found`, `bucket-elsewhere` or
 * `bucket-not-owned`. Without the right `s3:ListBucket` the check is skipped, because the caller may still write.
 */
export async function lookAtBucket(
  bucket: BucketName | undefined,
  { s3, log }: { readonly s3: Pick<S3, "checkBucket">; readonly log: Log },
): Promise<void> {
  if (bucket === undefined) return;
  try {
    await s3.checkBucket(bucket);
  } catch (error) {
    if (!isDenied(error)) throw error;
    if (bucket.owner !== undefined && (await isReadable({ bucket: bucket.bucket }, s3)))
      throw notOwned(bucket.bucket, bucket.owner, error);
    log.info(`The bucket can't be checked before the script is staged. ${error.failed}`);
  }
}
