import { createHash } from "node:crypto";
import type { ObjectName } from "../../src/aws/s3.ts";
import { Failure } from "../../src/errors.ts";
import { makePayload } from "../../src/payload/payload.ts";
import { delivery, stage, type StageContext, unstage } from "../../src/payload/stage.ts";
import { Ledger, type SavedState, type Undo } from "../../src/state.ts";
import { JOB } from "./a-job.ts";

const payload = makePayload(JOB, Buffer.from("echo\n"));
const without = { bucket: undefined, prefix: "ci/", kmsKeyId: undefined, region: "eu-west-1" };
const within = { ...without, bucket: "example-ci" };
const OBJECT: Undo = { kind: "object", bucket: "example-ci", key: "ci/r1/payload" };
const TASK: Undo = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };

function staging(inputs: StageContext["inputs"] = within, undo: readonly Undo[] = []) {
  const done: unknown[] = [];
  const ledger = new Ledger({ region: "eu-west-1", undo }, ({ undo: saved }: SavedState) =>
    done.push({ saved }),
  );
  const s3 = {
    putObject: (object: ObjectName, bytes: Uint8Array, options: unknown) => {
      done.push({ put: object, bytes, options });
      return Promise.resolve();
    },
    deleteObject: (object: ObjectName) => {
      done.push({ deleted: object.key });
      return Promise.resolve();
    },
  };
  return { inputs, runId: "r1", s3, ledger, done };
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
    const s3 = { putObject: () => Promise.reject(refusal) };
    await expect(stage(payload, delivery(context), { ...context, s3 })).rejects.toBe(refusal);
    expect(context.ledger.entries).toEqual(left);
  });

  it("is on record as something to undo before the object is there", async () => {
    const context = staging(within, [TASK]);
    await stage(payload, delivery(context), context);
    expect(context.done).toEqual([
      { saved: [TASK, OBJECT] },
      { put: { bucket: "example-ci", key: "ci/r1/payload" }, bytes: payload.bytes, options: {} },
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

describe("unstaging", () => {
  it("takes the object away, and off the record after that", async () => {
    const { s3, ledger, done } = staging(within, [TASK, OBJECT]);
    await unstage(s3, ledger);
    expect(done).toEqual([{ deleted: "ci/r1/payload" }, { saved: [TASK] }]);
  });

  it("keeps it on record when that fails", async () => {
    const { ledger } = staging(within, [OBJECT]);
    const s3 = { deleteObject: () => Promise.reject(new Error("denied")) };
    await expect(unstage(s3, ledger)).rejects.toThrow("denied");
    expect(ledger.entries).toEqual([OBJECT]);
  });
});
