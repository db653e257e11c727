import { least, read, refusal } from "./given.ts";

const staged = { ...least, bucket: "example-ci" };

describe("staging in S3", () => {
  it.each([
    ["example-ci", "fargate-exec/"],
    ["example-ci/ci", "ci/"],
    ["example-ci/ci/jobs/", "ci/jobs/"],
    ["example-ci/", ""],
    [`example-ci/${"x".repeat(64)}`, `${"x".repeat(64)}/`],
  ])("begins its keys, with bucket %j, with %j", (bucket, prefix) => {
    expect(read({ ...least, bucket })).toMatchObject({ bucket: "example-ci", prefix });
  });

  it.each(["/ci", "ci/../x", "./ci", "..", "a\tb", "it's", "a{{b", "$$", "x".repeat(65), "a\nb"])(
    "refuses %j behind the bucket's name",
    (prefix) => {
      expect(refusal({ ...least, bucket: `example-ci/${prefix}` }).failed).toBe(
        "Input 'bucket' must be a bucket's name, and after a slash at most 64 letters, digits and !-_./ without // at the beginning, . and .., such as example-ci/ci/jobs.",
      );
    },
  );

  it.each([
    "alias/ci",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "mrk-1234abcd12ab34cd56ef1234567890ab",
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws-cn:kms:cn-north-1:123456789012:alias/ci",
  ])("takes the KMS key %s", (key) => {
    expect(read({ ...staged, "kms-key-id": key }).kmsKeyId).toBe(key);
  });

  it("refuses what is no KMS key", () => {
    expect(refusal({ ...staged, "kms-key-id": "ci" }).failed).toBe(
      "Input 'kms-key-id' must be a KMS key's ID, alias or ARN, such as alias/ci.",
    );
  });

  it("takes the account that owns the bucket, with or without 'bucket'", () => {
    expect(read({ ...staged, "bucket-owner": "210987654321" }).bucketOwner).toBe("210987654321");
    expect(read({ ...least, "bucket-owner": "210987654321" }).bucketOwner).toBe("210987654321");
    expect(read(staged).bucketOwner).toBeUndefined();
  });

  it.each(["12345678901", "1234567890123", "arn:aws:iam::123456789012:root", "12345678901x"])(
    "refuses %j as an account",
    (owner) => {
      expect(refusal({ ...staged, "bucket-owner": owner }).failed).toBe(
        "Input 'bucket-owner' must be the ID of an AWS account, 12 digits, such as 123456789012.",
      );
    },
  );

  it("refuses a key without a bucket", () => {
    const failure = refusal({ ...least, "kms-key-id": "alias/ci" });
    expect(failure.failed).toBe("Input 'kms-key-id' must be empty without 'bucket'.");
    expect(failure.seen).toBe("Got 'alias/ci'.");
  });
});

describe("a lock", () => {
  it.each(["deploy", "shop/migrations", "a.b-c_d/e", "x".repeat(100)])("may be named %s", (lock) => {
    expect(read({ ...staged, lock }).lock).toBe(lock);
  });

  it.each(["", "x".repeat(101), "/a", "a/", "a//b", "../claims", "a/..", "./a", "a b", "ä", "a\nb"])(
    "can't be named %j",
    (lock) => {
      const given = { ...staged, lock };
      if (lock === "") expect(read(given).lock).toBeUndefined();
      else expect(refusal(given).failed).toMatch(/^Input 'lock' must be a lock's name, of 1 to 100 letters/);
    },
  );

  it("needs a bucket", () => {
    const failure = refusal({ ...least, lock: "deploy" });
    expect(failure.failed).toBe("Input 'bucket' must be given with 'lock'.");
  });
});
