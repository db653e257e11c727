import { createHash } from "node:crypto";
import {
  artifactBytes,
  type JobHandle,
  MOST_ARTIFACT_BYTES,
  parseHandle,
  writeHandle,
} from "../../src/inputs/handle.ts";
import { HANDLE } from "./a-handle.ts";

const linesOf = (...lines: string[]): JobHandle["artifacts"] & object =>
  lines.map((line) => ({ pattern: line.replace(/^!/, ""), isExclusion: line.startsWith("!") }));

const STAGED: JobHandle = {
  ...HANDLE,
  staging: { bucket: "example-ci", prefix: "ci/", bucketOwner: "123456789012", kmsKeyId: "alias/ci" },
  pieces: {
    job: "1b".repeat(16),
    keys: { inner: "2c".repeat(32), outer: "3d".repeat(32) },
    writableUntil: 1_799_999_999_999,
  },
};

it.each([
  ["a job of a session", { ...HANDLE, staging: undefined }],
  ["a job of a bucket", STAGED],
  ["a job with artifacts", { ...HANDLE, artifacts: linesOf("/srv/out/*.xml", "**/.coverage", "!**/é") }],
])("a handle of %s is read as it was written", (_, handle) => {
  const text = writeHandle(handle);
  expect(text).toMatch(/^fx1\.[\w-]+\.[0-9a-f]{8}$/);
  expect(text.length).toBeLessThan(2_000);
  expect(parseHandle(text)).toEqual(handle);
});

/** A handle as another program may write it. */
const forge = (artifacts: unknown): string => forgeMembers({ artifacts });

function forgeMembers(members: object): string {
  const body = Buffer.from(JSON.stringify({ ...STAGED, ...members })).toString("base64url");
  return `fx1.${body}.${createHash("sha256").update(body).digest("hex").slice(0, 8)}`;
}

it.each([
  ["a flag", true],
  ["no list", "out"],
  ["an empty list", []],
  ["a list of other things", [{ pattern: "out" }]],
  ["exclusions alone", ["!out"]],
  ["a line end in a line", ["out\n.git"]],
  ["a path that leads upwards", ["../out"]],
  ["too long", ["a".repeat(MOST_ARTIFACT_BYTES - 3)]],
  ["too many lines", Array.from({ length: 201 }, (_, i) => `a${i}`)],
])("a handle whose artifacts are %s is refused as malformed", (_, artifacts) => {
  expect(parseHandle(forge(artifacts))).toBe("a handle with a missing or malformed member");
  expect(parseHandle(forge(["out"]))).toMatchObject({ artifacts: linesOf("out") });
});

it.each(["../../x/", "ci/../", "./", "//", "/ci/", "ci", "..", "a b/", `${"a".repeat(65)}/`])(
  "a handle of keys below '%s' is refused, as the input 'bucket' refuses them",
  (prefix) => {
    expect(parseHandle(forgeMembers({ staging: { bucket: "example-ci", prefix } }))).toBe(
      "a handle with a missing or malformed member",
    );
  },
);

it.each(["", "ci/", "ci/jobs/", ".ci/..x/", "a//b/", `${"a".repeat(64)}/`])(
  "a handle of keys below '%s' is read",
  (prefix) => {
    const staging = { bucket: "example-ci", prefix };
    expect(parseHandle(forgeMembers({ staging }))).toMatchObject({ staging });
  },
);

it("the longest lines of artifacts still fit", () => {
  const longest = linesOf("a".repeat(MOST_ARTIFACT_BYTES - 4));
  expect(artifactBytes(longest)).toBe(MOST_ARTIFACT_BYTES);
  expect(parseHandle(writeHandle({ ...STAGED, artifacts: longest }))).toMatchObject({ artifacts: longest });
});

const text = writeHandle(STAGED);
it.each([
  ["no handle", "0123456789abcdef", "a text of 16 characters that is no handle"],
  ["the output's name", "steps.start.outputs.handle", "a text of 26 characters that is no handle"],
  ["a handle of a later version", text.replace("fx1.", "fx2."), "a handle of another version"],
  ["a handle that was cut", text.slice(0, -20), "cut short or changed"],
  ["a handle with more behind it", `${text}.x`, "cut short or changed"],
  [
    "a handle with another byte",
    text.replace("f", "g").replace("gx1", "fx1").slice(0, 40) + text.slice(41),
    "cut short or changed",
  ],
  ["a very long text", `fx1.${"a".repeat(17_000)}.00000000`, "a text of 17013 characters that is no handle"],
])("%s is refused without being repeated", (_, given, flaw) => {
  const answer = parseHandle(given);
  expect(answer).toEqual(expect.stringContaining(flaw));
  expect(JSON.stringify(answer)).not.toContain(given.slice(4, 24));
});

it.each<[string, object]>([
  ["a cluster of another account", { cluster: "arn:aws:ecs:eu-west-1:210987654321:cluster/ci" }],
  ["a task of another region", { task: HANDLE.task.replace("eu-west-1", "us-east-1") }],
  ["a task of another partition", { task: HANDLE.task.replace("arn:aws:", "arn:aws-cn:") }],
  [
    "a region that is another host's name",
    { cluster: HANDLE.cluster.replace("eu-west-1", "x.example.com/") },
  ],
  ["a container that is no name", { container: "app; reboot" }],
  ["a run that leads out of its directory", { run: "../../root" }],
  ["a number of workers that is not whole", { workers: 1.5 }],
  ["too many workers", { workers: 257 }],
  ["no worker", { workers: 0 }],
  ["a negative time", { until: -1 }],
  ["a time that no date has", { until: 8_640_000_000_000_001 }],
  [
    "a right that ends at a time that no date has",
    { pieces: { ...STAGED.pieces, writableUntil: 2 ** 53 - 1 } },
  ],
  ["pieces without a bucket", { staging: undefined }],
  ["a prefix with a quote", { staging: { ...STAGED.staging, prefix: "a'b/" } }],
  ["a key that is too short", { pieces: { ...STAGED.pieces, keys: { inner: "ab", outer: "cd" } } }],
  ["no nonce", { nonce: undefined }],
])("a handle with %s is refused as malformed", (_, change) => {
  expect(parseHandle(writeHandle({ ...STAGED, ...change }))).toBe(
    "a handle with a missing or malformed member",
  );
});
