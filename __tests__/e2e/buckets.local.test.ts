import { randomUUID } from "node:crypto";
import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
} from "@aws-sdk/client-s3";
import type { StepResult } from "../../local/runner/step.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws, type Inputs, mainLog } from "../helpers/local.ts";
import { THEIR_ACCOUNT, tryWay, type Way } from "../helpers/ways.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const ANY_PRINCIPAL = { Principal: "*" } as const;

async function makeBucket(
  name: string,
  {
    versions = false,
    statement,
    lock = false,
  }: { versions?: boolean; statement?: object; lock?: boolean } = {},
): Promise<string> {
  await aws.s3.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: lock }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  if (versions) await aws.s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  if (lock) {
    const DefaultRetention = { Mode: "GOVERNANCE", Days: 1 } as const;
    const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention } } as const;
    await aws.s3.send(new PutObjectLockConfigurationCommand({ Bucket: name, ObjectLockConfiguration }));
  }
  if (statement !== undefined) await putPolicy(name, statement);
  return name;
}

async function putPolicy(name: string, statement: object, s3 = aws.s3): Promise<void> {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: { ...ANY_PRINCIPAL, ...statement } });
  await s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
}

/** How many versions a bucket has, how many of them are current, and how many delete markers it has. */
async function versionsIn(Bucket: string): Promise<{ versions: number; current: number; markers: number }> {
  const { Versions = [], DeleteMarkers = [] } = await aws.s3.send(new ListObjectVersionsCommand({ Bucket }));
  return {
    versions: Versions.length,
    current: Versions.filter(({ IsLatest }) => IsLatest === true).length,
    markers: DeleteMarkers.length,
  };
}

/** Runs a step in a running task of its own, so that it makes a claim besides staging a script. */
async function step(inputs: Inputs): Promise<StepResult> {
  const { id } = await aws.runningTask();
  return await aws.step({ task: id, run: "echo staged", ...inputs });
}

function expectGreen(result: StepResult): void {
  expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "staged" });
  // A warning about the staged script may come before the output.
  expect(mainLog(result).filter((line) => line === "staged")).toEqual(["staged"]);
}

function expectError(result: StepResult, code: string, ...words: readonly string[]): void {
  expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(result.annotations.map(({ title }) => title)).toEqual([`fargate-exec: ${code}`]);
  for (const word of words) expect(result.annotations[0]?.message).toContain(word);
}

it.concurrent(
  "without the right to delete versions objects are hidden, and one warning names the right",
  async () => {
    // Each try has its own bucket, because the versions can't be deleted.
    const own = `with-kept-versions-${randomUUID()}`;
    const Resource = `arn:aws:s3:::${own}/*`;
    const statement = { Effect: "Deny", Action: "s3:DeleteObjectVersion", Resource };
    const name = await makeBucket(own, { versions: true, statement });
    const result = await step({ bucket: name });
    expectGreen(result);
    expect(result.annotations).toEqual([
      expect.objectContaining({
        level: "warning",
        message: expect.stringContaining("Allow 's3:DeleteObjectVersion'") as string,
      }),
    ]);
    // The script, the queue with the run in it, and the queue without it.
    expect(await versionsIn(name)).toEqual({ versions: 3, current: 0, markers: 2 });
  },
);

itInSoak.concurrent(
  "in a bucket with Object Lock the step is green, and says until when its objects stay",
  async () => {
    const name = await makeBucket("with-lock", { versions: true, lock: true });
    const result = await step({ bucket: name });
    expectGreen(result);
    expect(result.annotations).toEqual([]);
    const said = mainLog(result).filter((line) => line.includes("Object Lock"));
    expect(said).toHaveLength(2);
    for (const line of said)
      expect(line).toMatch(/^s3:\/\/with-lock\/\S+ is hidden by a delete marker; .* until \d{4}-\d\d-\d\dT/);
    expect(await versionsIn(name)).toMatchObject({ versions: 3, current: 0 });
  },
);

// census.local has a bucket with versions and without a policy.
itInSoak.concurrent.each(everyNth(["without", "with"], 2, 1))(
  "a bucket %s versions whose policy requires If-Match for deletes is empty afterwards",
  async (versions) => {
    const statement = {
      Effect: "Deny",
      // Only DeleteObject has this condition key (service authorization reference).
      Action: "s3:DeleteObject",
      Resource: `arn:aws:s3:::if-match-${versions}/*`,
      Condition: { Null: { "s3:if-match": "true" } },
    };
    const name = await makeBucket(`if-match-${versions}`, { versions: versions === "with", statement });
    const result = await step({ bucket: name });
    expectGreen(result);
    expect(result.annotations).toEqual([]);
    expect(await versionsIn(name)).toEqual({ versions: 0, current: 0, markers: 0 });
  },
);

itInSoak.concurrent(
  "a bucket that denies objects without encryption: the error says what to set, and that works",
  async () => {
    const statement = {
      Effect: "Deny",
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::encrypted-only/*",
      Condition: { Null: { "s3:x-amz-server-side-encryption": "true" } },
    };
    const name = await makeBucket("encrypted-only", { statement });
    const refused = await step({ bucket: name });
    expectError(refused, "access-denied", "s3:PutObject", "set 'kms-key-id'", "bucket's default encryption");
    const result = await step({ bucket: name, "kms-key-id": aws.world.made.kmsKeyId });
    expectGreen(result);
    expect(await versionsIn(name)).toEqual({ versions: 0, current: 0, markers: 0 });
  },
);

it.concurrent(
  "a bucket of another account is refused before anything is written to it or a task is started",
  async () => {
    const theirs = "210987654321";
    const Resource = ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"];
    const name = await makeBucket("theirs", { statement: { Effect: "Allow", Action: "s3:*", Resource } });
    aws.world.local.iam.buckets.setOwner(name, theirs);
    const words = ["'theirs' does not belong to the account 123456789012", "'bucket-owner'"];
    const before = aws.world.local.tasks.length;
    const started = await aws.step({ ...aws.newTask(), bucket: name, run: "echo not reached" });
    expectError(started, "bucket-not-owned", ...words);
    expect(aws.startedAndAlive()).toEqual([]);
    expect(aws.world.local.tasks.slice(before).filter(({ plan }) => plan.startedBy)).toEqual([]);
    expect(await versionsIn(name)).toEqual({ versions: 0, current: 0, markers: 0 });
  },
);

/** A step with a bucket of another account. The bucket, the caller and the task role have the policies of docs/iam. */
const foreign: Way = {
  caller: ["caller-running-task", "caller-bucket"],
  role: ["task-role", "task-role-bucket"],
  bucket: "foreign",
  inputs: () => ({ run: "echo staged" }),
};

itInSoak.concurrent("a bucket of another account is used when 'bucket-owner' names the account", async () => {
  const inputs = () => ({ run: "echo staged", "bucket-owner": THEIR_ACCOUNT });
  const { result, remains } = await tryWay(aws, { ...foreign, inputs });
  expectGreen(result);
  expect(result.annotations).toEqual([]);
  expect(remains.objects).toBe(0);
});

itInSoak.concurrent(
  "a bucket of another account without a policy is denied, and the error names the right and the bucket",
  async () => {
    const inputs = () => ({ run: "echo staged", "bucket-owner": THEIR_ACCOUNT });
    const beside = ({ names }: { names: Readonly<Record<string, string>> }): Promise<void> => {
      aws.world.local.iam.buckets.setPolicy(names["bucket"] ?? "", undefined);
      return Promise.resolve();
    };
    const { result, names } = await tryWay(aws, { ...foreign, inputs, beside });
    expectError(result, "access-denied", `arn:aws:s3:::${names["bucket"] ?? ""}/`);
  },
);

// S3 redirects clients in the older regions, and answers 400 in the newer ones.
const regions = ["eu-west-1", "eu-south-2"] as const;
it.concurrent.each(everyNth(regions, 2))(
  "a bucket in %s is refused before a script is run, and the error names both regions",
  async (region) => {
    const { s3, name } = await aws.bucketIn(region);
    const words = [`'${name}' is in ${region}, not in us-east-1`, "'bucket'"];
    expectError(await step({ bucket: name }), "bucket-elsewhere", ...words);
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: name }));
    expect(KeyCount).toBe(0);
  },
);

itInSoak.concurrent.each(everyNth(regions, 2, 1))(
  "the agent's log of a session in a bucket in %s is read there and waited for, without s3:ListBucket, too",
  async (region) => {
    const { name, s3 } = await aws.bucketIn(region);
    // S3 denies a missing object then.
    const Resource = `arn:aws:s3:::${name}`;
    await putPolicy(name, { Effect: "Deny", Action: "s3:ListBucket", Resource }, s3);
    await aws.world.local.inject({ transcripts: { delay: 3_000 } });
    const cluster = `logged-in-${region}`;
    const logConfiguration = { s3BucketName: name, s3KeyPrefix: "sessions" };
    const executeCommandConfiguration = { logging: "OVERRIDE", logConfiguration } as const;
    const configuration = { executeCommandConfiguration };
    await aws.world.ecs.send(new CreateClusterCommand({ clusterName: cluster, configuration }));
    const { id } = await aws.runningTask(undefined, cluster);
    const result = await aws.step({ cluster, task: id, logs: "s3", run: "echo from the log; exit 5" });
    expect(result.outputs).toMatchObject({ "exit-code": "5", outcome: "failed", stdout: "from the log" });
  },
);
