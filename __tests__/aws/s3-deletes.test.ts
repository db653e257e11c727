import type { RetentionReason } from "../../src/aws/s3.ts";
import type { WrittenObject } from "../../src/aws/s3.ts";
import { s3Calls } from "../../src/aws/s3-calls.ts";
import { type Answer, endpoint, type Endpoint, type ReceivedRequest } from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(() => open.close());

const object = { bucket: "stage", key: "k" };
const etag = '"1"';
const DONE: Answer = { status: 204, body: "" };
const MARKED: Answer = {
  status: 204,
  headers: { "x-amz-delete-marker": "true", "x-amz-version-id": "m1" },
  body: "",
};
const failing = (status: number, code: string, message = "no"): Answer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});
const DENIED = failing(403, "AccessDenied");
const OTHER_ETAG = failing(412, "PreconditionFailed");
const GONE: Answer = { status: 404, body: "" };
const current = (versionId: string, more: Record<string, string> = {}): Answer => ({
  headers: { etag, "x-amz-version-id": versionId, ...more },
  body: "",
});

/** A request in words, such as `DELETE v1 if "1"`. */
function words({ method, url, headers }: ReceivedRequest): string {
  const version = new URL(url, "http://x").searchParams.get("versionId");
  const condition = headers["if-match"];
  return [method, version, condition && `if ${condition}`].filter(Boolean).join(" ");
}

/** S3's answers to each request, in their order. Any other request is denied. */
type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

async function deleteWritten(written: Partial<WrittenObject>, says: Answers) {
  const remaining = Object.fromEntries(
    Object.entries(says).map(([request, answers]) => [request, [answers].flat()]),
  );
  open = await endpoint((request) => {
    const answers = remaining[words(request)] ?? [];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? DENIED;
  });
  const outcome = await s3Calls(open.clients)
    .deleteObject({ ...object, ...written })
    .then(
      (kept) => ({ kept }),
      (error: unknown) => ({ error }),
    );
  return { ...outcome, requests: open.received.map(words) };
}

const RIGHT: RetentionReason = { why: "right", right: "s3:DeleteObjectVersion" };
const UNTIL = "2999-01-02T03:04:05.000Z";

it.each<[string, Partial<WrittenObject>, Answers, readonly string[], RetentionReason | undefined]>([
  [
    "in a bucket without versioning: the object, by its ETag",
    { etag },
    { 'DELETE if "1"': DONE },
    ['DELETE if "1"'],
    undefined,
  ],
  [
    "in a bucket with versioning: the version that was written",
    { etag, versionId: "v1" },
    { 'DELETE v1 if "1"': DONE },
    ['DELETE v1 if "1"'],
    undefined,
  ],
  [
    "a version that is not the current one, at last without a condition",
    { etag, versionId: "v1" },
    { 'DELETE v1 if "1"': OTHER_ETAG, "DELETE v1": DONE },
    ['DELETE v1 if "1"', "DELETE v1"],
    undefined,
  ],
  [
    "a version that is gone already",
    { etag, versionId: "v1" },
    { 'DELETE v1 if "1"': OTHER_ETAG, "DELETE v1": failing(404, "NoSuchVersion") },
    ['DELETE v1 if "1"', "DELETE v1"],
    undefined,
  ],
  [
    "without the right to delete versions: hidden, and kept",
    { etag, versionId: "v1" },
    { HEAD: current("v1"), 'DELETE if "1"': MARKED },
    ['DELETE v1 if "1"', "HEAD", 'DELETE if "1"'],
    RIGHT,
  ],
  [
    "a locked version: hidden, and kept for as long as S3 says",
    { etag, versionId: "v1" },
    {
      HEAD: current("v1", { "x-amz-object-lock-retain-until-date": UNTIL }),
      'DELETE if "1"': MARKED,
    },
    ['DELETE v1 if "1"', "HEAD", 'DELETE if "1"'],
    { why: "lock", until: new Date(UNTIL) },
  ],
  [
    "a version under a legal hold",
    { etag, versionId: "v1" },
    { HEAD: current("v1", { "x-amz-object-lock-legal-hold": "ON" }), 'DELETE if "1"': MARKED },
    ['DELETE v1 if "1"', "HEAD", 'DELETE if "1"'],
    { why: "lock", until: undefined },
  ],
  [
    "a locked version whose retention may not be read, by S3's words",
    { etag, versionId: "v1" },
    {
      'DELETE v1 if "1"': failing(
        403,
        "AccessDenied",
        "Access Denied because object protected by object lock.",
      ),
      'DELETE if "1"': MARKED,
    },
    ['DELETE v1 if "1"', "HEAD", 'DELETE if "1"'],
    { why: "lock", until: undefined },
  ],
  [
    "where versioning is suspended: the object, and with it its bytes",
    { etag, versionId: "null" },
    {
      'DELETE if "1"': { ...MARKED, headers: { "x-amz-delete-marker": "true", "x-amz-version-id": "null" } },
    },
    ['DELETE if "1"'],
    undefined,
  ],
  [
    "without s3:GetObject, which an ETag needs: whatever is there",
    { etag },
    { "DELETE if *": DONE },
    ['DELETE if "1"', "DELETE if *"],
    undefined,
  ],
  [
    "in a store that knows no condition",
    { etag },
    {
      'DELETE if "1"': failing(501, "NotImplemented"),
      "DELETE if *": failing(501, "NotImplemented"),
      DELETE: DONE,
    },
    ['DELETE if "1"', "DELETE if *", "DELETE"],
    undefined,
  ],
  [
    "an object that is gone",
    { etag },
    { 'DELETE if "1"': failing(404, "NoSuchKey") },
    ['DELETE if "1"'],
    undefined,
  ],
  [
    "whose upload had no answer: the version that is there",
    {},
    { HEAD: [current("v1"), GONE], 'DELETE v1 if "1"': DONE },
    ["HEAD", 'DELETE v1 if "1"', "HEAD"],
    undefined,
  ],
  ["whose upload had no answer, and which is not there", {}, { HEAD: GONE }, ["HEAD"], undefined],
  [
    "whose upload had no answer, and which may not be read: hidden, and kept as far as is known",
    {},
    { "DELETE if *": MARKED },
    ["HEAD", "DELETE if *"],
    { why: "right", right: "s3:GetObject" },
  ],
  [
    "that was written twice, since the first answer was lost",
    { etag, versionId: "v2", repeated: true },
    { 'DELETE v2 if "1"': DONE, HEAD: [current("v1"), GONE], 'DELETE v1 if "1"': DONE },
    ['DELETE v2 if "1"', "HEAD", 'DELETE v1 if "1"', "HEAD"],
    undefined,
  ],
])("deletes %s", async (_, written, says, requests, kept) => {
  expect(await deleteWritten(written, says)).toEqual({ kept, requests });
});

it("fails with the words of a store that can't delete at all", async () => {
  const never = failing(501, "NotImplemented");
  const deleted = await deleteWritten(
    { etag },
    { 'DELETE if "1"': never, "DELETE if *": never, DELETE: never },
  );
  expect(deleted).toMatchObject({ error: { seen: expect.stringContaining("NotImplemented") as string } });
});
