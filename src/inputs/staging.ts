import type { Inputs } from "./inputs.ts";
import { ACCOUNT, BUCKET, KMS_KEY, PREFIX } from "./staging-names.ts";
import { matching, quoteValue, type ParseResult } from "./parse.ts";
import type { InputReader } from "./input-reader.ts";

const defaultPrefix = "fargate-exec/";

const account = matching(ACCOUNT, "the ID of an AWS account, 12 digits, such as 123456789012");

const kmsKey = matching(KMS_KEY, "a KMS key's ID, alias or ARN, such as alias/ci");

/** The inputs of the staging in S3. Refuses `kms-key-id` without `bucket`: it is for objects in that. */
export function readStaging(
  reader: InputReader,
): Pick<Inputs, "bucket" | "prefix" | "bucketOwner" | "kmsKeyId"> {
  const { bucket, prefix = defaultPrefix } = reader.optional("bucket", bucketAndPrefix) ?? {};
  const bucketOwner = reader.optional("bucket-owner", account);
  const kmsKeyId = reader.optional("kms-key-id", kmsKey);
  if (!reader.isGiven("bucket") && reader.isGiven("kms-key-id")) {
    reader.refuse(
      "kms-key-id",
      "empty without 'bucket'",
      quoteValue(reader.text("kms-key-id")),
      "It is for the objects staged in S3: name the bucket in 'bucket', or leave both out.",
    );
  }
  return { bucket, prefix, bucketOwner, kmsKeyId };
}

const lockName = matching(
  /^(?!.*(^|\/)\.{0,2}(\/|$))[\w./-]{1,100}$/,
  "a lock's name, of 1 to 100 letters, digits and -_./ without empty parts, . and .., such as shop/migrations",
);

/** A lock is an object in the bucket. */
export function readLock(reader: InputReader): string | undefined {
  const lock = reader.optional("lock", lockName);
  if (reader.isGiven("lock") && !reader.isGiven("bucket"))
    reader.refuse(
      "bucket",
      "given with 'lock'",
      "nothing",
      "A lock is an object in the bucket: every run that names the same 'bucket' and 'lock' takes its turn.",
    );
  return lock;
}

/** `NAME` or `NAME/PREFIX`. The prefix gets a slash at its end; nothing behind the slash is the root of the bucket. */
function bucketAndPrefix(
  text: string,
): ParseResult<{ readonly bucket: string; readonly prefix: string | undefined }> {
  const [, bucket = "", prefix] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  if (!BUCKET.test(bucket)) {
    return {
      must: "a bucket's name (3 to 63 lower-case letters, digits, dots and hyphens), such as example-ci, and after a slash the start of its keys",
      got: quoteValue(text),
    };
  }
  if (prefix === undefined || prefix === "") return { value: { bucket, prefix } };
  const whole = prefix.endsWith("/") ? prefix : `${prefix}/`;
  if (prefix.length > 64 || !PREFIX.test(whole)) {
    return {
      must: "a bucket's name, and after a slash at most 64 letters, digits and !-_./ without // at the beginning, . and .., such as example-ci/ci/jobs",
      got: quoteValue(text),
    };
  }
  return { value: { bucket, prefix: whole } };
}
