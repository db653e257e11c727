import { Failure, isDenied } from "../errors.ts";
import type { BucketName, S3 } from "./s3.ts";

/**
 * Explains why S3 refused to write. S3 uses the same words for a bucket of another account, a policy that demands
 * encryption, and a missing right. Returns any other failure unchanged.
 */
export async function whyNotWritten(
  refusal: Failure,
  bucket: BucketName,
  { s3, kmsKeyId }: { readonly s3: Pick<S3, "checkBucket">; readonly kmsKeyId: string | undefined },
): Promise<Failure> {
  if (!isDenied(refusal)) return refusal;
  const { bucket: name, owner } = bucket;
  const theirs = owner !== undefined && (await isRefused(bucket, s3));
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

/** Whether S3 denies these credentials the bucket, as that of `owner`. A look that fails in another way shows nothing. */
async function isRefused(bucket: BucketName, s3: Pick<S3, "checkBucket">): Promise<boolean> {
  try {
    await s3.checkBucket(bucket);
    return false;
  } catch (error) {
    if (error instanceof Failure) return isDenied(error);
    throw error;
  }
}

/** Whether these credentials may list the bucket, as a bucket of `owner` when that is given. */
export async function isReadable(bucket: BucketName, s3: Pick<S3, "checkBucket">): Promise<boolean> {
  try {
    await s3.checkBucket(bucket);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** The failure of a bucket that belongs to another account than `owner`. `refusal` is S3's answer. */
export function notOwned(bucket: string, owner: string, refusal: Failure): Failure {
  return new Failure("bucket-not-owned", {
    failed: `The bucket '${bucket}' does not belong to the account ${owner}.`,
    seen: `S3 lets these credentials read the bucket, but not as one of ${owner}: ${refusal.seen}`,
    advice:
      "Check the input 'bucket'. The account is that of the cluster unless the input 'bucket-owner' names another; " +
      "set that if the bucket is meant to be another account's.",
    cause: refusal,
  });
}
