import { Failure } from "../../src/errors.ts";
import { bucketOwner, lookAtBucket } from "../../src/ready/bucket.ts";
import { Listener } from "../helpers/listener.ts";

const failing = (code: Failure["code"]) => ({
  log: new Listener(),
  s3: { checkBucket: () => Promise.reject(new Failure(code, { failed: "", seen: "", advice: "" })) },
});

it.each(["bucket-not-found", "bucket-elsewhere", "no-credentials"] as const)(
  "the look at a bucket fails with %s",
  async (code) => {
    await expect(lookAtBucket({ bucket: "stage" }, failing(code))).rejects.toMatchObject({ code });
  },
);

describe("the look at a bucket of another account", () => {
  const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied", advice: "" });
  const theirs = (readable: readonly (string | undefined)[]) => ({
    log: new Listener(),
    s3: {
      checkBucket: ({ owner }: { owner?: string | undefined }) =>
        readable.includes(owner) ? Promise.resolve() : Promise.reject(denied),
    },
  });
  const bucket = { bucket: "stage", owner: "123456789012" };

  it("fails with bucket-not-owned when that is sure", async () => {
    await expect(lookAtBucket(bucket, theirs([undefined]))).rejects.toMatchObject({
      code: "bucket-not-owned",
      failed: "The bucket 'stage' does not belong to the account 123456789012.",
    });
  });

  it("passes when it isn't sure", async () => {
    await expect(lookAtBucket(bucket, theirs([]))).resolves.toBeUndefined();
  });
});

it.each<[string | undefined, string | undefined, string | undefined]>([
  ["210987654321", "arn:aws:ecs:eu-west-1:123456789012:cluster/ci", "210987654321"],
  [undefined, "arn:aws:ecs:eu-west-1:123456789012:cluster/ci", "123456789012"],
  [undefined, "ci", undefined],
  [undefined, undefined, undefined],
])("with the input %j and the cluster %j the owner has to be %j", (input, cluster, owner) => {
  expect(bucketOwner({ bucketOwner: input }, cluster)).toBe(owner);
});

it("the look at a bucket passes when the caller may not look, or there is no bucket", async () => {
  await expect(lookAtBucket({ bucket: "stage" }, failing("access-denied"))).resolves.toBeUndefined();
  await expect(lookAtBucket(undefined, failing("bucket-not-found"))).resolves.toBeUndefined();
});
