import { Failure } from "../../../src/errors.ts";
import { access, allows, policyByFixes } from "../../helpers/fixes.ts";
import { bucketPolicy, checkStaging, type StagingInputs } from "../../../src/ready/checks/staging.ts";

const parts = { failed: "Denied.", seen: "s.", advice: "a." };
const denied = new Failure("access-denied", parts);
const caller = { arn: "arn:aws:iam::123456789012:role/ci", words: "the caller" };
const inputs = {
  ...{ kmsKeyId: undefined, region: "eu-central-1" },
  bucket: { bucket: "b", owner: "123456789012" },
  prefix: "p/",
};
const cluster = "arn:aws:ecs:eu-central-1:123456789012:cluster/ci";

type Calls = Parameters<typeof checkStaging>[3];
const calls = (s3: Partial<Calls["s3"]> = {}, lacks: readonly string[] = []): Calls => ({
  s3: {
    checkBucket: () => Promise.resolve(),
    isVersioned: () => Promise.resolve(false),
    readBucketPolicy: () => Promise.resolve(undefined),
    ...s3,
  },
  iam: { listDenied: (_, actions) => Promise.resolve(actions.filter((action) => lacks.includes(action))) },
});

async function verdicts(answers: Calls, more: Partial<StagingInputs> = {}, by = caller) {
  const checks = await checkStaging({ ...inputs, ...more }, by, cluster, answers);
  return Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));
}
const allOk = {
  ...{ bucket: "OK", "bucket versioning": "OK", "bucket policy": "OK" },
  "rights to the bucket": "OK",
};

it("every row is OK when all is in order", async () => {
  expect(await verdicts(calls())).toEqual(allOk);
  expect(await verdicts(calls(), { kmsKeyId: "key-1" })).toEqual({
    ...allOk,
    "rights to the bucket's key": "OK",
  });
});

it("wants the right to delete versions only when the bucket keeps them", async () => {
  const lacking = ["s3:DeleteObjectVersion"];
  expect(await verdicts(calls({}, lacking))).toEqual(allOk);
  const kept = { isVersioned: () => Promise.resolve(true) };
  expect(await verdicts(calls(kept, lacking))).toMatchObject({ "rights to the bucket": "NG" });
});

it.each([
  ["s3:PutObject", "rights to the bucket"],
  ["s3:GetObject", "rights to the bucket"],
  ["s3:DeleteObject", "rights to the bucket"],
  ["kms:GenerateDataKey", "rights to the bucket's key"],
  ["kms:Decrypt", "rights to the bucket's key"],
])("%s alone, when it is lacking, is named with its fix in %s", async (right, row) => {
  const checks = await checkStaging({ ...inputs, kmsKeyId: "key-1" }, caller, cluster, calls({}, [right]));
  const wrong = checks.filter(({ verdict }) => verdict === "NG");
  expect(wrong).toEqual([
    expect.objectContaining({ name: row, fix: expect.stringContaining(`Allow ${right} on `) as string }),
  ]);
});

it("following the fix for the bucket's rights allows what runs do below the prefix, and nothing beside it", async () => {
  const lacking = calls({}, ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]);
  const policy = policyByFixes(await checkStaging(inputs, caller, cluster, lacking));
  for (const name of ["a1b2-c3/payload", "output/0ab/1", "claims/0ab/app.json", "locks/deploy.json"])
    expect([name, allows(policy, access("s3:PutObject", `arn:aws:s3:::b/p/${name}`))]).toEqual([name, true]);
  expect(allows(policy, access("s3:PutObject", "arn:aws:s3:::b/other/payload"))).toBe(false);
});

it("has no other row when the bucket is missing", async () => {
  const missing = new Failure("bucket-not-found", parts);
  expect(await verdicts(calls({ checkBucket: () => Promise.reject(missing) }))).toEqual({ bucket: "NG" });
});

it("reports a bucket that belongs to another account than expected", async () => {
  const checkBucket: Calls["s3"]["checkBucket"] = ({ owner }) =>
    owner === undefined ? Promise.resolve() : Promise.reject(denied);
  const [found] = await checkStaging(inputs, caller, cluster, calls({ checkBucket }));
  expect(found).toMatchObject({ verdict: "NG", fix: expect.stringContaining("'bucket-owner'") as string });
});

it("distinguishes a denial by the bucket from a right that the caller lacks", async () => {
  const checkBucket = () => Promise.reject(denied);
  expect(await verdicts(calls({ checkBucket }))).toEqual({ bucket: "NG" });
  expect(await verdicts(calls({ checkBucket }, ["s3:ListBucket"]))).toMatchObject({ bucket: "SKIP" });
});

it("doubts the bucket's name first when the caller may not even look at it", async () => {
  const checkBucket = () => Promise.reject(denied);
  const fixes = async (more: Partial<Calls["s3"]>) =>
    (await checkStaging(inputs, caller, cluster, calls(more, ["s3:ListBucket", "s3:PutObject"]))).flatMap(
      (row) => (row.verdict === "NG" ? [row.fix] : []),
    );
  const doubt =
    "Check the input 'bucket': the role may have rights only on another one. Allow s3:PutObject on ";
  expect(await fixes({ checkBucket })).toEqual([expect.stringContaining(doubt)]);
  expect(await fixes({})).toEqual([expect.stringMatching(/^Allow s3:PutObject on /)]);
});

it("skips what may not be looked at", async () => {
  const refuse = () => Promise.reject(denied);
  const unseen = calls({ isVersioned: refuse, readBucketPolicy: refuse });
  expect(await verdicts({ ...unseen, iam: { listDenied: refuse } })).toEqual({
    ...{ bucket: "OK", "bucket versioning": "SKIP", "bucket policy": "SKIP" },
    "rights to the bucket": "SKIP",
  });
});

const everyone = { Effect: "Allow", Principal: "*", Action: "s3:GetObject" };
const sealed = {
  ...{ Effect: "Deny", Principal: "*", Action: ["s3:PutObject"] },
  Condition: { Null: { "s3:x-amz-server-side-encryption": "true" } },
};
it.each([
  ["of a role", { Effect: "Allow", Principal: { AWS: "arn:role" }, Action: "s3:GetObject" }, undefined, "OK"],
  ["for everyone", everyone, undefined, "NG"],
  ["for every AWS account", { ...everyone, Principal: { AWS: ["*"] } }, undefined, "NG"],
  ["for everyone of an organisation", { ...everyone, Condition: { StringEquals: {} } }, undefined, "OK"],
  ["that demands an encryption header", sealed, undefined, "NG"],
  ["that demands an encryption header, with 'kms-key-id'", sealed, "key-1", "OK"],
  [
    "that demands TLS",
    { ...sealed, Condition: { Bool: { "aws:SecureTransport": "false" } } },
    undefined,
    "OK",
  ],
])("a policy %s", (_, Statement, kmsKeyId, verdict) => {
  const value = JSON.stringify({ Version: "2012-10-17", Statement: [Statement] });
  expect(bucketPolicy({ value }, { kmsKeyId })).toMatchObject({ verdict });
});

it("a policy that is no JSON is skipped", () => {
  expect(bucketPolicy({ value: "<" }, { kmsKeyId: undefined })).toMatchObject({ verdict: "SKIP" });
});
