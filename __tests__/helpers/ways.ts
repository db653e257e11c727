import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import type { StepResult } from "../../local/runner/step.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import type { Task } from "../../local/task/task.ts";
import { clientConfig, waitForStatus, runTask } from "../local/with-local.ts";
import { Aws, definition, type Inputs, type StepOptions, withoutInit } from "./local.ts";
import type { Names } from "../../local/iam/policy-files.ts";
import { policyWithout, type Right } from "./policies.ts";
import { until } from "./until.ts";

/** One way of use: the policy files of its roles, and a step that uses everything they allow. */
export interface Way {
  /** The workflow role's files. */
  readonly caller: readonly string[];
  /** The task role's files; `task-role` unless given. */
  readonly role?: readonly string[];
  /** Values for placeholders, in addition to those of every run. */
  readonly names?: Names;
  /** Whether it runs in a running task; true unless given. `waits: false`: the task takes no sessions yet. */
  readonly task?: false | { readonly waits?: boolean; readonly public?: boolean };
  readonly bucket?: "own" | "versioned" | "foreign";
  readonly inputs?: (run: PreparedWay) => Inputs;
  readonly options?: (run: PreparedWay) => StepOptions;
  /** Something that runs beside the step and begins before it. */
  readonly beside?: (run: PreparedWay) => Promise<void>;
}

/** A run before its start. */
export interface PreparedWay {
  readonly aws: Aws;
  readonly names: Names;
  /** The running task. */
  readonly task: Task | undefined;
}

/** A run after its end. */
export interface Run extends PreparedWay {
  readonly result: StepResult;
  /** The caller's calls, in their order. */
  readonly calls: readonly RecordedRequest[];
  /** What is there after the run: running tasks, objects and their versions, definitions. */
  readonly remains: Remains;
}

export interface Remains {
  readonly tasks: number;
  readonly objects: number;
  readonly definitions: number;
}

export const THEIR_ACCOUNT = "210987654321";

let runs = 0;

/** Runs the way's step under exactly its files, without one right. */
export async function tryWay(aws: Aws, way: Way, lost?: Right): Promise<Run> {
  const { local } = aws.world;
  runs += 1;
  const names = namesOf(aws, way, runs);
  const policies = (files: readonly string[]) => files.map((file) => policyWithout(file, names, lost));
  local.iam.principals.setRole(names["caller-role"] ?? "", policies(way.caller));
  local.iam.principals.setRole(names["task-role"] ?? "", policies(way.role ?? ["task-role"]));
  local.iam.principals.setRole(names["execution-role"] ?? "", policies(["execution-role"]));
  if (way.bucket !== undefined) await makeBucket(aws, way, names, lost);
  const ready = { aws, names, task: await makeTask(aws, way, names) };
  await way.beside?.(ready);
  const keys = await local.sessionEnv(
    `arn:aws:iam::${local.accountId}:role/${names["caller-role"] ?? ""}`,
    3_600,
  );
  const inputs = {
    cluster: names["cluster"] ?? "",
    ...(ready.task && { task: ready.task.id }),
    ...(way.bucket && { bucket: names["bucket"] ?? "" }),
    run: "echo hello",
    // Shorter than the life of the keys, since a warning would tell of a longer one.
    timeout: "10m",
    ...way.inputs?.(ready),
  };
  const result = await aws.step(inputs, { ...way.options?.(ready), env: keys });
  const calls = local.requests.filter(({ key }) => key === keys["AWS_ACCESS_KEY_ID"]);
  return { ...ready, result, calls, remains: await remainsOf(aws, names, calls) };
}

function namesOf(aws: Aws, { names, bucket }: Way, number: number): Names {
  const { made, local } = aws.world;
  const key = made.kmsKeyId.split("/")[1] ?? "";
  return {
    ...{ region: local.region, account: local.accountId, cluster: made.cluster, service: made.service },
    repository: `iam-${number}`,
    ...{ family: `iam-${number}`, "caller-role": `ci-${number}`, "task-role": `task-${number}` },
    ...{ "execution-role": `execution-${number}`, prefix: "fargate-exec/" },
    bucket: bucket === undefined ? "none" : `staging-${number}`,
    ...{ "bucket-key": key, "cluster-key": key },
    "container-log-group": made.containerLogGroup,
    ...{ "log-group": made.logGroup, "log-bucket": made.bucket, "log-prefix": "sessions" },
    ...names,
  };
}

async function makeBucket(aws: Aws, way: Way, names: Names, lost: Right | undefined): Promise<void> {
  const Bucket = names["bucket"] ?? "";
  await aws.s3.send(new CreateBucketCommand({ Bucket }));
  if (way.bucket === "versioned")
    await aws.s3.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
  if (way.bucket !== "foreign") return;
  const { buckets } = aws.world.local.iam;
  buckets.setOwner(Bucket, THEIR_ACCOUNT);
  buckets.setPolicy(Bucket, policyWithout("bucket-policy", names, lost));
}

/** Registers the way's definition, and starts a task of it when the way needs one. */
async function makeTask(aws: Aws, way: Way, names: Names): Promise<Task | undefined> {
  const { local, made } = aws.world;
  // A kept-alive connection may be closed just as it is used again.
  const ecs = new ECSClient({ ...clientConfig(local), maxAttempts: 3 });
  const role = (name: string): string => `arn:aws:iam::${local.accountId}:role/${names[name] ?? ""}`;
  const options = { "awslogs-group": made.containerLogGroup, "awslogs-region": local.region };
  const logConfiguration = { logDriver: "awslogs" as const, options };
  const container = { ...withoutInit, logConfiguration };
  const family = names["family"] ?? "";
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      ...definition(family, [container], local.accountId),
      taskRoleArn: role("task-role"),
      executionRoleArn: role("execution-role"),
    }),
  );
  if (way.task === false) return undefined;
  const { waits = true, public: isPublic = false } = way.task ?? {};
  const task = await runTask({ ...aws.world, ecs }, "", {
    cluster: names["cluster"] ?? "",
    enableExecuteCommand: true,
    taskDefinition: family,
    overrides: {},
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...made.subnets],
        assignPublicIp: isPublic ? "ENABLED" : "DISABLED",
      },
    },
  });
  await waitForStatus(task, "RUNNING");
  if (waits) await until(() => [...task.agents.values()].every(({ connected }) => connected !== undefined));
  return task;
}

async function remainsOf(aws: Aws, names: Names, calls: readonly RecordedRequest[]): Promise<Remains> {
  const { local } = aws.world;
  const bodies = (operation: string, member: string): readonly unknown[] =>
    calls
      .filter((call) => call.operation === operation)
      .map(({ body }) => (body as Record<string, unknown>)[member]);
  const started = bodies("RunTask", "startedBy");
  const families = bodies("RegisterTaskDefinition", "family").map(String);
  const definitions = families.length === 0 ? [] : await aws.definitions();
  return {
    tasks: local.tasks.filter(
      ({ plan, desiredStatus }) => started.includes(plan.startedBy) && desiredStatus === "RUNNING",
    ).length,
    objects: names["bucket"]?.startsWith("staging-") === true ? await versions(aws, names["bucket"]) : 0,
    definitions: definitions.filter((arn) => families.some((family) => arn.includes(`/${family}:`))).length,
  };
}

/** How many versions and delete markers a bucket holds, also a bucket of another account. */
async function versions(aws: Aws, Bucket: string): Promise<number> {
  const { iam, accountId } = aws.world.local;
  iam.buckets.setOwner(Bucket, accountId);
  iam.buckets.setPolicy(Bucket, undefined);
  const { Versions = [], DeleteMarkers = [] } = await aws.s3.send(new ListObjectVersionsCommand({ Bucket }));
  return Versions.length + DeleteMarkers.length;
}
