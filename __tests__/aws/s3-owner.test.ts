import type { S3 } from "../../src/aws/s3.ts";
import { s3Calls } from "../../src/aws/s3-calls.ts";
import { endpoint, type Endpoint } from "../helpers/aws-endpoint.ts";

const OWNER = "123456789012";
const object = { bucket: "stage", key: "k", owner: OWNER };
const bytes = Buffer.from("x");

let open: Endpoint;
beforeEach(async () => {
  open = await endpoint(() => ({ headers: { etag: '"1"', "x-amz-version-id": "v1" }, body: "" }));
});
afterEach(() => open.close());

it.each<[string, (s3: S3, of: typeof object) => Promise<unknown>]>([
  ["putObject", (s3, of) => s3.putObject(of, bytes)],
  ["putIf", (s3, of) => s3.putIf(of, bytes, "absent")],
  ["getObject", (s3, of) => s3.getObject(of)],
  ["getVersion", (s3, of) => s3.getVersion(of, 10)],
  ["deleteObject, of a version", (s3, of) => s3.deleteObject({ ...of, etag: '"1"', versionId: "v1" })],
  ["deleteObject, of what is there", (s3, of) => s3.deleteObject(of)],
  ["deleteObjects", (s3, of) => s3.deleteObjects(of, [of.key])],
  ["deleteVersion", (s3, of) => s3.deleteVersion(of, "v1")],
  ["deleteIf", (s3, of) => s3.deleteIf(of, { etag: '"1"' })],
  ["isVersioned", (s3, of) => s3.isVersioned(of)],
  ["readBucketPolicy", (s3, of) => s3.readBucketPolicy(of)],
  ["isEncrypted", (s3, of) => s3.isEncrypted(of)],
  ["checkBucket", (s3, of) => s3.checkBucket(of)],
])("%s names the bucket's expected owner when that is known", async (_, call) => {
  const s3 = s3Calls(open.clients);
  await call(s3, object);
  expect(open.received.length).toBeGreaterThan(0);
  for (const { headers } of open.received) expect(headers["x-amz-expected-bucket-owner"]).toBe(OWNER);
  open.received.length = 0;
  await call(s3, { bucket: "stage", key: "k" } as typeof object);
  for (const { headers } of open.received) expect(headers).not.toHaveProperty("x-amz-expected-bucket-owner");
});
