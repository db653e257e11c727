import type { Inputs } from "./inputs.ts";
import { ACCOUNT, BUCKET, KMS_KEY } from "./staging-names.ts";
import { matching, quoteValue, type ParseResult } from "./parse.ts";
import type { InputReader } from "./input-reader.ts";

const defaultPrefix = "fargate-exec/";

const bucketName = matching(
  BUCKET,
  "a bucket's name (3 to 63 lower-case letters, digits, dots and hyphens), such as example-ci",
);

const account = matching(ACCOUNT, "the ID of an AWS account, 12 digits, such as 123456789012");

const kmsKey = matching(KMS_KEY, "a KMS key's ID, alias or ARN, such as alias/ci");

/** The inputs of the staging in S3. Refuses `prefix` and `kms-key-id` without `bucket`: they describe objects in it. */
export function readStaging(
  reader: InputReader,
): Pick<Inputs, "bucket" | "prefix" | "bucketOwner" | "kmsKeyId"> {
  const bucket = reader.optional("bucket", bucketName);
  const prefix = reader.orElse("prefix", keyPrefix, defaultPrefix);
  const bucketOwner = reader.optional("bucket-owner", account);
  const kmsKeyId = reader.optional("kms-key-id", kmsKey);
  if (!reader.isGiven("bucket")) {
    if (prefix !== defaultPrefix) {
      reader.refuse("prefix", "left out without 'bucket'", quoteValue(reader.text("prefix")), withBucket);
    }
    if (reader.isGiven("kms-key-id")) {
      reader.refuse(
        "kms-key-id",
        "empty without 'bucket'",
        quoteValue(reader.text("kms-key-id")),
        withBucket,
      );
    }
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
      "A lock is an object in the bucket: every run that names the same 'bucket', 'prefix' and 'lock' takes its turn.",
    );
  return lock;
}

const withBucket = "It describes the objects staged in S3: name the bucket in 'bucket', or leave both out.";

/** A prefix that ends in `/`. A lone `/` is the root of the bucket, because an empty input counts as not given. */
function keyPrefix(text: string): ParseResult<string> {
  if (text === "/") return { value: "" };
  // curl removes `.` and `..` from the path of a presigned URL, which breaks its signature.
  const dots = text.split("/").some((part) => part === "." || part === "..");
  // Only safe characters, because the key stands in a shell command and in a URL.
  if (text.startsWith("/") || dots || text.length > 64 || !/^[\w/!.-]*$/.test(text)) {
    return {
      must: "the start of an S3 key, of at most 64 letters, digits and !-_./, without a leading / and without . and .., such as ci/jobs/",
      got: quoteValue(text),
    };
  }
  return { value: text.endsWith("/") ? text : `${text}/` };
}
