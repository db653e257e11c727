import type { BucketName, S3 } from "../aws/s3.ts";
import { Failure } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { parseArn } from "../targets/arn.ts";

/**
 * The account that the bucket has to belong to: the input's, else that of the cluster, where `cluster` is an ARN.
 * A deleted bucket's name is free for others, who would then get what is staged there.
 */
export function bucketOwner(
  { bucketOwner }: Pick<Inputs, "bucketOwner">,
  cluster: string | undefined,
): string | undefined {
  return bucketOwner ?? parseArn(cluster ?? "")?.account;
}

/**
 * Fails with `bucket-not-found`, `bucket-elsewhere` or `bucket-not-owned`, so that no task is started for a script that
 * can't be staged. Who has no right to look (`s3:ListBucket`) may still have the right to write, and learns at that
 * point.
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

/**
 * Why S3 refused to write: S3 denies a bucket of another account, a request that a bucket policy wants encrypted and
 * a missing right in the same words. Anything but a denial comes back as it is.
 */
export async function whyNotWritten(
  refusal: Failure,
  bucket: BucketName,
  { s3, kmsKeyId }: { readonly s3: Pick<S3, "checkBucket">; readonly kmsKeyId: string | undefined },
): Promise<Failure> {
  if (!isDenied(refusal)) return refusal;
  const { bucket: name, owner } = bucket;
  const theirs = owner !== undefined && !(await isReadable(bucket, s3));
  if (theirs && (await isReadable({ bucket: name }, s3))) return notOwned(name, owner, refusal);
  const { code, failed, seen, advice } = refusal;
  const more = [
    kmsKeyId === undefined
      ? "If a policy of the bucket denies objects without encryption, set 'kms-key-id', or let the policy leave it to the bucket's default encryption."
      : "A KMS key needs 'kms:GenerateDataKey' as well.",
    theirs ? `If the bucket belongs to another account than ${owner}, name that in 'bucket-owner'.` : "",
  ];
  return new Failure(code, { failed, seen, advice: [advice, ...more].join(" ").trim(), cause: refusal });
}

async function isReadable(bucket: BucketName, s3: Pick<S3, "checkBucket">): Promise<boolean> {
  try {
    await s3.checkBucket(bucket);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function notOwned(bucket: string, owner: string, refusal: Failure): Failure {
  return new Failure("bucket-not-owned", {
    failed: `The bucket '${bucket}' does not belong to the account ${owner}.`,
    seen: `S3 lets these credentials read the bucket, but not as one of ${owner}: ${refusal.seen}`,
    advice:
      "Check the input 'bucket'. The account is that of the cluster unless the input 'bucket-owner' names another; " +
      "set that if the bucket is meant to be another account's.",
    cause: refusal,
  });
}

function isDenied(error: unknown): error is Failure {
  return error instanceof Failure && error.code === "access-denied";
}
