import { isDenied, isReadable, notOwned } from "../aws/bucket-refusals.ts";
import type { BucketName, S3 } from "../aws/s3.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { parseArn } from "../targets/arn.ts";

/**
 * The account that the bucket has to belong to: the input's, else that of the cluster, where `cluster` is an ARN.
 * The name of a deleted bucket is free for other accounts, which would then get what is staged there.
 */
export function bucketOwner(
  { bucketOwner }: Pick<Inputs, "bucketOwner">,
  cluster: string | undefined,
): string | undefined {
  return bucketOwner ?? parseArn(cluster ?? "")?.account;
}

/**
 * Fails with `bucket-not-found`, `bucket-elsewhere` or `bucket-not-owned`, so that no task is started for a script that
 * can't be staged. A caller without the right to look (`s3:ListBucket`) may still have the right to write, which staging
 * will show.
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
    log.info(`Whether the bucket can be used is not known before the script is staged. ${error.failed}`);
  }
}
