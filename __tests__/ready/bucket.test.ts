import { Failure } from "../../src/errors.ts";
import { lookAtBucket } from "../../src/ready/bucket.ts";
import { Listener } from "../helpers/stepped.ts";

const failing = (code: Failure["code"]) => ({
  log: new Listener(),
  s3: { checkBucket: () => Promise.reject(new Failure(code, { failed: "", seen: "", advice: "" })) },
});

it.each(["bucket-not-found", "bucket-elsewhere", "no-credentials"] as const)(
  "fails with %s",
  async (code) => {
    await expect(lookAtBucket("stage", failing(code))).rejects.toMatchObject({ code });
  },
);

it("passes where nobody may look, or there is nothing to look at", async () => {
  await expect(lookAtBucket("stage", failing("access-denied"))).resolves.toBeUndefined();
  await expect(lookAtBucket(undefined, failing("bucket-not-found"))).resolves.toBeUndefined();
});
