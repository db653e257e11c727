import { s3Calls } from "../../src/aws/s3-calls.ts";
import { endpoint, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(async () => {
  await open.close();
});

const object = { bucket: "stage", key: "claims/app.json" };
const failing = (status: number, code: string): Answer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
});

async function startEndpoint(answer: Answer, signal?: AbortSignal) {
  open = await endpoint(() => answer, signal);
  return s3Calls(open.clients);
}

it.each([
  ["absent" as const, { "if-none-match": "*" }],
  [{ etag: '"1"' }, { "if-match": '"1"' }],
])("writes an object that is %j, and gives its new ETag", async (expected, headers) => {
  const s3 = await startEndpoint({ headers: { etag: '"2"' }, body: "" });
  expect(await s3.putIf(object, Buffer.from("{}"), expected, { kmsKeyId: "key-1" })).toEqual({ etag: '"2"' });
  expect(open.received).toEqual([
    expect.objectContaining({
      method: "PUT",
      body: "{}",
      headers: expect.objectContaining({
        ...headers,
        "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
      }) as unknown,
    }),
  ]);
});

it.each([
  ["has another ETag", failing(412, "PreconditionFailed")],
  ["is gone", failing(404, "NoSuchKey")],
])("neither writes nor deletes an object that %s", async (_, answer) => {
  const s3 = await startEndpoint(answer);
  expect(await s3.putIf(object, Buffer.from("{}"), { etag: '"1"' })).toBeUndefined();
  expect(await s3.deleteIf(object, { etag: '"1"' })).toEqual({ deleted: false });
});

it("writes again while another request is changing the object, and fails when that does not end", async () => {
  const conflict = failing(409, "ConditionalRequestConflict");
  const answers = [conflict, conflict, { headers: { etag: '"2"' }, body: "" }];
  open = await endpoint(() => answers.shift() ?? conflict);
  const s3 = s3Calls(open.clients);
  expect(await s3.putIf(object, Buffer.from("{}"), { etag: '"1"' })).toEqual({ etag: '"2"' });
  await expect(s3.putIf(object, Buffer.from("{}"), { etag: '"1"' })).rejects.toThrow();
  expect(await s3.deleteIf(object, { etag: '"1"' })).toEqual({ deleted: false });
});

it("deletes an object of this ETag", async () => {
  const s3 = await startEndpoint({ status: 204, body: "" });
  expect(await s3.deleteIf(object, { etag: '"1"' })).toEqual({ deleted: true });
  expect(open.received[0]).toMatchObject({ method: "DELETE", headers: { "if-match": '"1"' } });
});

it("tells a version's age by S3's own clock", async () => {
  const headers = {
    etag: '"1"',
    date: "Fri, 02 Jan 1998 03:05:36 GMT",
    "last-modified": "Fri, 02 Jan 1998 03:04:05 GMT",
  };
  const s3 = await startEndpoint({ headers, body: "{}" });
  const version = await s3.getVersion(object, 100);
  expect(version).toMatchObject({ etag: '"1"', age: 91_000 });
  expect(Buffer.from(version?.bytes ?? []).toString()).toBe("{}");
});

it.each([
  [100, 100],
  [101, 0],
])("of an object of %d bytes, %d are read when the limit is 100", async (size, read) => {
  const s3 = await startEndpoint({ headers: { etag: '"1"' }, body: "x".repeat(size) });
  expect((await s3.getVersion(object, 100))?.bytes.length).toBe(read);
});

it("has no version of an object that is not there", async () => {
  const s3 = await startEndpoint(failing(404, "NoSuchKey"));
  expect(await s3.getVersion(object, 100)).toBeUndefined();
});

it("fails when the right is missing, by the action's name", async () => {
  const s3 = await startEndpoint(failing(403, "AccessDenied"));
  const action = (name: string) => ({
    code: "access-denied",
    failed: expect.stringContaining(`s3:${name} on arn:aws:s3:::stage/claims/app.json`) as string,
  });
  await expect(s3.putIf(object, Buffer.from("{}"), "absent")).rejects.toMatchObject(action("PutObject"));
  await expect(s3.getVersion(object, 100)).rejects.toMatchObject(action("GetObject"));
  await expect(s3.deleteIf(object, { etag: '"1"' })).rejects.toMatchObject(action("DeleteObject"));
});

it("a conditional write is not cut short by a cancel, so that what was written can be taken back", async () => {
  const s3 = await startEndpoint(
    { headers: { etag: '"2"' }, body: "" },
    AbortSignal.abort(new Error("cancelled")),
  );
  expect(await s3.putIf(object, Buffer.from("{}"), "absent")).toEqual({ etag: '"2"' });
  await expect(s3.deleteObject({ ...object, etag: '"2"' })).rejects.toThrow("cancelled");
});
