import { createHash } from "node:crypto";
import type { Kept } from "../../src/aws/s3-kept.ts";
import type { BucketName, ObjectName, WrittenVersion } from "../../src/aws/s3.ts";
import { Failure } from "../../src/errors.ts";
import { makePayload } from "../../src/payload/payload.ts";
import {
  delivery,
  type DeliveryOptions,
  stage,
  type StageContext,
  unstage,
} from "../../src/payload/stage.ts";
import { Ledger, type SavedState, type Undo } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/stepped.ts";
import { JOB } from "./a-job.ts";

const payload = makePayload(JOB, Buffer.from("echo\n"));
const without = { bucket: undefined, prefix: "ci/", kmsKeyId: undefined, region: "eu-west-1" };
const within = { ...without, bucket: "example-ci" };
const NAME = { bucket: "example-ci", owner: "123456789012", key: "ci/r1/payload" };
const WRITTEN: WrittenVersion = { etag: '"1"', versionId: "v1" };
const OBJECT: Undo = { kind: "object", ...NAME };
const TASK: Undo = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };

function staging(
  inputs: DeliveryOptions["inputs"] & StageContext["inputs"] = within,
  undo: readonly Undo[] = [],
) {
  const done: unknown[] = [];
  const ledger = new Ledger({ region: "eu-west-1", undo }, ({ undo: saved }: SavedState) =>
    done.push({ saved }),
  );
  const s3 = {
    putObject: (object: ObjectName, bytes: Uint8Array, options: unknown) => {
      done.push({ put: object, bytes, options });
      return Promise.resolve(WRITTEN);
    },
    checkBucket: () => Promise.resolve(),
    deleteObject: (object: ObjectName) => {
      done.push({ deleted: object });
      return Promise.resolve(undefined);
    },
  };
  return { inputs, owner: "123456789012", runId: "r1", s3, log: new Listener(), ledger, done };
}

describe("a payload", () => {
  it("is the job, then the script byte for byte, with the checksum of both", () => {
    const script = Buffer.from([0, 255, 10, 13]);
    const made = makePayload(JOB, script);
    expect(made.bytes.subarray(made.scriptAt)).toEqual(script);
    expect(made.bytes[made.scriptAt - 1]).toBe(10);
    expect(made.sha256).toBe(createHash("sha256").update(made.bytes).digest("hex"));
  });
});

describe("delivery", () => {
  it("goes by the bucket where one is named, under a key of the run's own", () => {
    expect(delivery(staging())).toEqual({
      kind: "s3",
      bucket: "example-ci",
      owner: "123456789012",
      key: "ci/r1/payload",
      region: "eu-west-1",
    });
  });

  it("goes by the session without one", () => {
    expect(delivery(staging(without))).toEqual({ kind: "session" });
  });
});

describe("staging", () => {
  it.each([
    ["that S3 refused", "bucket-not-found", [TASK]],
    ["of which S3 said nothing", "aws-unreachable", [TASK, { ...OBJECT, unheard: true }]],
  ] as const)("has an object %s to undo or not", async (_, code, left) => {
    const context = staging(within, [TASK]);
    const refusal = new Failure(code, { failed: "f", seen: "s", advice: "a" });
    const s3 = { ...context.s3, putObject: () => Promise.reject(refusal) };
    await expect(stage(payload, delivery(context), { ...context, s3 })).rejects.toBe(refusal);
    expect(context.ledger.entries).toEqual(left);
  });

  it("is on record as something to undo before the object is there, and by its version afterwards", async () => {
    const context = staging(within, [TASK]);
    await stage(payload, delivery(context), context);
    expect(context.done).toEqual([
      { saved: [TASK, OBJECT] },
      { put: NAME, bytes: payload.bytes, options: {} },
      { saved: [TASK, { ...OBJECT, ...WRITTEN }] },
    ]);
  });

  it("encrypts with the key that was asked for", async () => {
    const context = staging({ ...within, kmsKeyId: "alias/ci" });
    await stage(payload, delivery(context), context);
    expect(context.done[1]).toMatchObject({ options: { kmsKeyId: "alias/ci" } });
  });

  it("does nothing where the session carries the payload", async () => {
    const context = staging(without);
    await stage(payload, { kind: "session" }, context);
    expect(context.done).toEqual([]);
  });
});

describe("a denial to write", () => {
  const DENIED = new Failure("access-denied", { failed: "f", seen: "s", advice: "Allow it." });

  /** Of the buckets that these credentials may read, as whoever's. */
  async function refused(readable: readonly (string | undefined)[], kmsKeyId?: string): Promise<Failure> {
    const context = staging({ ...within, kmsKeyId });
    const s3 = {
      putObject: () => Promise.reject(DENIED),
      checkBucket: ({ owner }: BucketName) =>
        readable.includes(owner) ? Promise.resolve() : Promise.reject(DENIED),
    };
    const error = await stage(payload, delivery(context), { ...context, s3 }).catch(
      (error: unknown) => error,
    );
    expect(context.ledger.entries).toEqual([]);
    return error as Failure;
  }

  it("is about the owner where the bucket can be read as anybody's, but not as the account's", async () => {
    const failure = await refused([undefined]);
    expect(failure.code).toBe("bucket-not-owned");
    expect(failure.failed).toBe("The bucket 'example-ci' does not belong to the account 123456789012.");
    expect(failure.advice).toContain("'bucket-owner'");
  });

  it("is about a right, or unencrypted objects, where it can be read as the account's", async () => {
    const failure = await refused([undefined, "123456789012"]);
    expect(failure).toMatchObject({ code: "access-denied", seen: "s" });
    expect(failure.advice).toMatch(/^Allow it\. .*set 'kms-key-id', .*bucket's default encryption\.$/);
  });

  it("may be about either where it can't be read at all", async () => {
    const failure = await refused([], "alias/ci");
    expect(failure.code).toBe("access-denied");
    expect(failure.advice).toContain("another account than 123456789012, name that in 'bucket-owner'");
    expect(failure.advice).not.toContain("set 'kms-key-id'");
  });
});

describe("unstaging", () => {
  it("takes the object away, and off the record after that", async () => {
    const { s3, log, ledger, done } = staging(within, [TASK, { ...OBJECT, ...WRITTEN }]);
    await unstage({ s3, log }, ledger);
    expect(done).toEqual([{ deleted: { ...OBJECT, ...WRITTEN } }, { saved: [TASK] }]);
    expect(log.lines).toEqual([]);
  });

  it("keeps it on record when that fails", async () => {
    const { ledger, log } = staging(within, [OBJECT]);
    const s3 = { deleteObject: () => Promise.reject(new Error("denied")) };
    await expect(unstage({ s3, log }, ledger)).rejects.toThrow("denied");
    expect(ledger.entries).toEqual([OBJECT]);
  });

  it.each<[string, Kept, RegExp]>([
    [
      "for want of a right",
      { why: "right", right: "s3:DeleteObjectVersion" },
      /^warning: The bucket 'example-ci' keeps versions\. .* Allow 's3:DeleteObjectVersion'/,
    ],
    [
      "where it may not be known",
      { why: "right", right: "s3:GetObject" },
      /^warning: .* Allow 's3:GetObject'/,
    ],
    [
      "under Object Lock",
      { why: "lock", until: new Date(0) },
      /^s3:\/\/example-ci\/ci\/r1\/payload .* Object Lock until 1970-01-01T00:00:00.000Z\.$/,
    ],
    ["under a legal hold", { why: "lock", until: undefined }, /Object Lock until that is lifted\.$/],
  ])("says that the bytes stay %s, and is done with it", async (_, kept, words) => {
    const { ledger, log } = staging(within, [OBJECT]);
    await unstage({ s3: { deleteObject: () => Promise.resolve(kept) }, log }, ledger);
    expect(log.lines).toEqual([expect.stringMatching(words)]);
    expect(ledger.entries).toEqual([]);
  });
});
