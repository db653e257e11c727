import { whyNotWritten } from "../../src/aws/bucket-refusals.ts";
import { Failure, type FailureCode } from "../../src/errors.ts";

const failed = (code: FailureCode): Failure => new Failure(code, { failed: "", seen: "", advice: "" });

it.each([
  ["is denied", "access-denied", "bucket-not-owned"],
  ["gets no answer", "aws-unreachable", "access-denied"],
] as const)(
  "a write is denied, and the look at the bucket of that owner %s, while that without an owner succeeds",
  async (_, look, code) => {
    const checkBucket = ({ owner }: { readonly owner?: string | undefined }): Promise<void> =>
      owner === undefined ? Promise.resolve() : Promise.reject(failed(look));
    const bucket = { bucket: "staging", owner: "111122223333" };
    const why = await whyNotWritten(failed("access-denied"), bucket, {
      ...{ s3: { checkBucket }, kmsKeyId: undefined },
    });
    expect(why.code).toBe(code);
  },
);
