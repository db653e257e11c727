import { createHash } from "node:crypto";
import type { RetentionReason } from "../../src/aws/s3.ts";
import type { BucketName, ObjectName, WrittenVersion } from "../../src/aws/s3.ts";
import { Failure } from "../../src/errors.ts";
import { jobText } from "../../src/payload/job-text.ts";
import { makePayload } from "../../src/payload/payload.ts";
import {
  chooseDelivery,
  type DeliveryOptions,
  stage,
  type StagedObject,
  type StageOptions,
  unstage,
} from "../../src/payload/stage.ts";
import { Listener } from "../helpers/listener.ts";
import { JOB } from "./a-job.ts";

const payload = makePayload(jobText(JOB), { script: Buffer.from("echo\n") });
const withoutBucket = { bucket: undefined, prefix: "ci/", region: "eu-west-1" };
const withBucket = { ...withoutBucket, bucket: "example-ci" };
const OBJECT: StagedObject = { bucket: "example-ci", owner: "123456789012", key: "ci/staged/r1/payload" };
const WRITTEN: WrittenVersion = { etag: '"1"', versionId: "v1" };

function startStaging(inputs: DeliveryOptions["inputs"] = withBucket) {
  const done: unknown[] = [];
  const s3 = {
    putObject: (object: ObjectName, bytes: Uint8Array, options: unknown) => {
      done.push({ put: object, bytes, options });
      return Promise.resolve(WRITTEN);
    },
    checkBucket: () => Promise.resolve(),
  };
  const onObject: StageOptions["onObject"] = (object) => done.push({ recorded: object });
  const told: (readonly [number, number | undefined])[] = [];
  const log: StageOptions["log"] = { progress: (bytes, total) => void told.push([bytes, total]) };
  return { inputs, owner: "123456789012", runId: "r1", kmsKeyId: undefined, s3, onObject, log, done, told };
}

describe("a payload", () => {
  it("is the job, then the script byte for byte, with the checksum of both", () => {
    const script = Buffer.from([0, 255, 10, 13]);
    const made = makePayload(jobText(JOB), { script });
    expect(made.bytes.subarray(made.scriptAt)).toEqual(script);
    expect(made.bytes[made.scriptAt - 1]).toBe(10);
    expect(made.sha256).toBe(createHash("sha256").update(made.bytes).digest("hex"));
  });
});

describe("delivery", () => {
  it("goes by the bucket when one is named, under a key of the run's own", () => {
    expect(chooseDelivery(startStaging())).toEqual({
      kind: "s3",
      bucket: "example-ci",
      owner: "123456789012",
      key: "ci/staged/r1/payload",
      region: "eu-west-1",
    });
  });

  it("goes by the session when no bucket is named", () => {
    expect(chooseDelivery(startStaging(withoutBucket))).toEqual({ kind: "session" });
  });
});

describe("staging", () => {
  it.each([
    ["nothing when S3 refused the object", "bucket-not-found", false, undefined],
    ["the object when S3 did not answer", "aws-unreachable", false, { ...OBJECT, unheard: true }],
    [
      "the object when S3 refused it after a try without an answer",
      "bucket-not-found",
      true,
      { ...OBJECT, unheard: true },
    ],
  ] as const)("has in the ledger, after a write that failed, %s", async (_, code, mayHaveWorked, left) => {
    const context = startStaging();
    const cause = { $metadata: { mayHaveWorked } };
    const refusal = new Failure(code, { failed: "f", seen: "s", advice: "a", cause });
    const s3 = { ...context.s3, putObject: () => Promise.reject(refusal) };
    await expect(stage(payload, chooseDelivery(context), { ...context, s3 })).rejects.toBe(refusal);
    expect(context.done).toEqual([{ recorded: OBJECT }, { recorded: left }]);
  });

  it("has the object in the ledger before it is written, and its version afterwards", async () => {
    const context = startStaging();
    const staged = await stage(payload, chooseDelivery(context), context);
    expect(staged).toEqual({ ...OBJECT, ...WRITTEN });
    const size = payload.bytes.length;
    expect(context.told).toEqual([
      [0, size],
      [size, size],
    ]);
    expect(context.done).toEqual([
      { recorded: OBJECT },
      { put: OBJECT, bytes: payload.bytes, options: {} },
      { recorded: staged },
    ]);
  });

  it("deletes every version of its key when another try of the run has written one there", async () => {
    const context = { ...startStaging(), isAgain: true };
    const staged = await stage(payload, chooseDelivery(context), context);
    expect(staged).toEqual({ ...OBJECT, ...WRITTEN, repeated: true });
    expect(context.done.at(-1)).toEqual({ recorded: staged });
    const refusal = new Failure("aws-error", { failed: "f", seen: "s", advice: "a" });
    const s3 = { ...context.s3, putObject: () => Promise.reject(refusal) };
    await expect(stage(payload, chooseDelivery(context), { ...context, s3 })).rejects.toBe(refusal);
    expect(context.done.at(-1)).toEqual({ recorded: OBJECT });
  });

  it("encrypts with the key that was asked for", async () => {
    const context = { ...startStaging(), kmsKeyId: "alias/ci" };
    await stage(payload, chooseDelivery(context), context);
    expect(context.done[1]).toMatchObject({ options: { kmsKeyId: "alias/ci" } });
  });

  it("does nothing when the session carries the payload", async () => {
    const context = startStaging(withoutBucket);
    expect(await stage(payload, { kind: "session" }, context)).toBeUndefined();
    expect(context.done).toEqual([]);
  });
});

describe("a denial to write", () => {
  const DENIED = new Failure("access-denied", { failed: "f", seen: "s", advice: "Allow it." });

  /** The failure when S3 denies the write. `readable`: the owners with which a look at the bucket succeeds; undefined: with none. */
  async function denyWrite(readable: readonly (string | undefined)[], kmsKeyId?: string): Promise<Failure> {
    const context = { ...startStaging(), kmsKeyId };
    const s3 = {
      putObject: () => Promise.reject(DENIED),
      checkBucket: ({ owner }: BucketName) =>
        readable.includes(owner) ? Promise.resolve() : Promise.reject(DENIED),
    };
    const error = await stage(payload, chooseDelivery(context), { ...context, s3 }).catch(
      (error: unknown) => error,
    );
    expect(context.done.at(-1)).toEqual({ recorded: undefined });
    return error as Failure;
  }

  it("is about the owner when the bucket can be read without an owner, but not with the account as its owner", async () => {
    const failure = await denyWrite([undefined]);
    expect(failure.code).toBe("bucket-not-owned");
    expect(failure.failed).toBe("The bucket 'example-ci' does not belong to the account 123456789012.");
    expect(failure.advice).toContain("'bucket-owner'");
  });

  it("is about a right, or about unencrypted objects, when the bucket can be read with the account as its owner", async () => {
    const failure = await denyWrite([undefined, "123456789012"]);
    expect(failure).toMatchObject({ code: "access-denied", seen: "s" });
    expect(failure.advice).toMatch(/^Allow it\. .*set 'kms-key-id', .*bucket's default encryption\.$/);
  });

  it("may be about the owner or a right when the bucket can't be read at all", async () => {
    const failure = await denyWrite([], "alias/ci");
    expect(failure.code).toBe("access-denied");
    expect(failure.advice).toContain("another account than 123456789012, name that in 'bucket-owner'");
    expect(failure.advice).not.toContain("set 'kms-key-id'");
  });
});

describe("unstaging", () => {
  /** Unstages the object, and gives the lines of the log. S3 answers the deletion so. */
  async function unstageWith(answer: Promise<RetentionReason | undefined>): Promise<readonly string[]> {
    const log = new Listener();
    const deleted: unknown[] = [];
    const deleteObject = (object: ObjectName): Promise<RetentionReason | undefined> => {
      deleted.push(object);
      return answer;
    };
    await unstage({ ...OBJECT, ...WRITTEN }, { s3: { deleteObject }, log });
    expect(deleted).toEqual([{ ...OBJECT, ...WRITTEN }]);
    return log.lines;
  }

  it("deletes the version that was written, and logs nothing", async () => {
    expect(await unstageWith(Promise.resolve(undefined))).toEqual([]);
  });

  it("fails when S3 does", async () => {
    await expect(unstageWith(Promise.reject(new Error("denied")))).rejects.toThrow("denied");
  });

  it.each<[string, RetentionReason, RegExp]>([
    [
      "for want of a right",
      { why: "right", right: "s3:DeleteObjectVersion" },
      /^warning: The bucket 'example-ci' keeps versions\. .* Allow 's3:DeleteObjectVersion'/,
    ],
    [
      "or may stay, since no right allows a look",
      { why: "right", right: "s3:GetObject" },
      /^warning: .* Allow 's3:GetObject'/,
    ],
    [
      "under Object Lock",
      { why: "lock", until: new Date(0) },
      /^s3:\/\/example-ci\/ci\/staged\/r1\/payload .* Object Lock until 1970-01-01T00:00:00.000Z\.$/,
    ],
    ["under a legal hold", { why: "lock", until: undefined }, /Object Lock until that is lifted\.$/],
  ])("says that the bytes stay %s", async (_, kept, words) => {
    expect(await unstageWith(Promise.resolve(kept))).toEqual([expect.stringMatching(words)]);
  });
});
