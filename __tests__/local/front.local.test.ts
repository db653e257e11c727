import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeTasksCommand } from "@aws-sdk/client-ecs";
import { ResumeSessionCommand, SSMClient, TerminateSessionCommand } from "@aws-sdk/client-ssm";
import fc from "fast-check";
import { WebSocket } from "ws";
import { callJson } from "../../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../../local/start.ts";
import type { Task } from "../../local/task/task.ts";
import { waitForAnswer, until } from "../helpers/until.ts";
import { anyRequest, sendRaw } from "./front/any-request.ts";
import { clientConfig, waitForStatus, runTask, startWorld, type World } from "./with-local.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld({ hideCredentialsFromExec: true });
});

afterAll(async () => {
  await world.local.stop();
});

/** The output of a task with this script, from its log driver. */
async function printed(script: string): Promise<string[]> {
  const task = await runTask(world, script);
  await task.ended;
  const logs = new CloudWatchLogsClient(clientConfig(world.local));
  const stream = { logGroupName: world.made.containerLogGroup, logStreamName: `demo/app/${task.id}` };
  return await waitForAnswer(`what ${task.id} prints, in CloudWatch Logs`, async () => {
    const { events = [] } = await logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true }));
    return events.length > 0 ? events.map(({ message = "" }) => message) : undefined;
  });
}

function variable(task: Task, name: string): string | undefined {
  const pid = task.containers[0]?.handle?.pid ?? 0;
  const found = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return found.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

it("an object is written to S3 and read back", async () => {
  const s3 = new S3Client(clientConfig(world.local));
  const Body = randomBytes(3_000_000);
  const at = { Bucket: world.made.bucket, Key: "some/where ü.bin" };
  await s3.send(new PutObjectCommand({ ...at, Body }));
  const bytes = await (await s3.send(new GetObjectCommand(at))).Body?.transformToByteArray();
  expect(Buffer.from(bytes ?? []).equals(Body)).toBe(true);
});

it("S3's own errors pass through", async () => {
  const s3 = new S3Client(clientConfig(world.local));
  const call = s3.send(new GetObjectCommand({ Bucket: world.made.bucket, Key: "nothing" }));
  await expect(call).rejects.toMatchObject({ name: "NoSuchKey" });
});

it("a container has boto3, finds this AWS and has its task role", async () => {
  const lines = await printed(
    `python3 -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"]); print(boto3.client("s3").list_buckets()["Buckets"][0]["Name"])'`,
  );
  expect(lines).toEqual([
    expect.stringMatching(/:assumed-role\/demo-task\/[0-9a-f]{32}$/),
    world.made.bucket,
  ]);
});

it("a container has no variable of this process", async () => {
  process.env["HOST_SECRET"] = "visible";
  const names = (await printed("env")).map((line) => line.split("=")[0]).sort();
  expect(names).toEqual([
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "ECS_AGENT_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
    "HOME",
    "HOSTNAME",
    "PATH",
    "PWD",
  ]);
});

it("the metadata endpoint describes the task and the container", async () => {
  const task = await runTask(world);
  await waitForStatus(task, "RUNNING");
  const uri = variable(task, "ECS_CONTAINER_METADATA_URI_V4") ?? "";
  expect(await (await fetch(`${uri}/task`)).json()).toMatchObject({
    Cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/demo",
    TaskARN: task.arn,
    Family: "demo",
    Revision: "1",
    KnownStatus: "RUNNING",
    Limits: { CPU: 0.5, Memory: 1024 },
    Containers: [{ Name: "app", DockerId: task.containers[0]?.runtimeId }],
  });
  expect(await (await fetch(uri)).json()).toMatchObject({ Name: "app", KnownStatus: "RUNNING" });
  expect((await fetch(`${world.local.url}/v4/nothing/task`)).status).toBe(404);
  task.stop("UserInitiated", "test");
});

it("credentials can be withheld from exec'd commands, while PID 1 has them", async () => {
  const task = await runTask(world, undefined, { enableExecuteCommand: true });
  await waitForStatus(task, "RUNNING");
  expect(variable(task, "AWS_CONTAINER_CREDENTIALS_FULL_URI")).toMatch(/^http:/);
  expect(task.containers[0]?.handle?.env).not.toHaveProperty("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  expect(task.containers[0]?.handle?.env).toHaveProperty("AWS_REGION", "us-east-1");
  task.stop("UserInitiated", "test");
});

it("no id that DescribeTasks shows leads to a task's credentials", async () => {
  const task = await runTask(world);
  await waitForStatus(task, "RUNNING");
  const { tasks } = await world.ecs.send(
    new DescribeTasksCommand({ cluster: world.made.cluster, tasks: [task.arn] }),
  );
  const ids = JSON.stringify(tasks).match(/[0-9a-f-]{32,}/g) ?? [];
  const statuses = [task.attachmentId, ...ids].map(
    async (id) => (await fetch(`${world.local.url}/v2/credentials/${id}`)).status,
  );
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([404]));
  const uri = variable(task, "AWS_CONTAINER_CREDENTIALS_FULL_URI") ?? "";
  expect(await (await fetch(uri)).json()).toHaveProperty("SecretAccessKey");
  task.stop("UserInitiated", "test");
});

it.each(["faults", "sessions"])("/_local/%s wants the token", async (path) => {
  const url = `${world.local.url}/_local/${path}`;
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
});

it("a page's WebSocket gets no connection to the message gateway", async () => {
  const { streamUrl } = world.local.gateway.createSession();
  const socket = new WebSocket(streamUrl, { origin: "https://evil.example" });
  const [error] = (await once(socket, "error")) as [Error];
  expect(error.message).toBe("socket hang up");
});

it("each start has keys and tokens of its own", async () => {
  const other = await startLocalFargate();
  await other.stop();
  const secrets = ({ env, admin, controlToken, idTokenEnv }: LocalFargate): readonly unknown[] => [
    env["AWS_ACCESS_KEY_ID"],
    env["AWS_SECRET_ACCESS_KEY"],
    ...[admin.accessKeyId, admin.secretAccessKey, controlToken],
    idTokenEnv["ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
  ];
  expect(new Set([...secrets(other), ...secrets(world.local)]).size).toBe(12);
});

it("a call at which moto fails is answered with moto's reason", async () => {
  const call = callJson(world.local.asAdmin, "logs", "Logs_20140328.CreateLogGroup", { logGroupName: 5 });
  await expect(call).rejects.toThrow(
    /"NotImplemented".*leaves this call to moto, which can't answer it as it was made: \w+Error: .+ \(\S+\.py, line \d+\)/,
  );
});

it("Session Manager resumes known sessions, and answers that others do not exist", async () => {
  const ssm = new SSMClient(clientConfig(world.local));
  const { sessionId } = world.local.gateway.createSession();
  const answer = await ssm.send(new ResumeSessionCommand({ SessionId: sessionId }));
  expect(answer.SessionId).toBe(sessionId);
  expect(answer.TokenValue).not.toBe("");
  expect(answer.StreamUrl).toMatch(/^ws:/);
  expect(await ssm.send(new TerminateSessionCommand({ SessionId: sessionId }))).toMatchObject({
    SessionId: sessionId,
  });
  await expect(ssm.send(new ResumeSessionCommand({ SessionId: "unknown" }))).rejects.toMatchObject({
    name: "DoesNotExistException",
  });
});

it("a task without a role has no credentials", async () => {
  const task = await runTask(world, undefined, { taskDefinition: world.made.withoutRole });
  await until(() => task.lastStatus === "RUNNING");
  expect(variable(task, "AWS_CONTAINER_CREDENTIALS_FULL_URI")).toBeUndefined();
  task.stop("UserInitiated", "test");
});

it("a call for a bucket of another region is answered with that region, and not carried out", async () => {
  const at = { ...clientConfig(world.local), forcePathStyle: true };
  const Bucket = "in-paris";
  const CreateBucketConfiguration = { LocationConstraint: "eu-west-3" } as const;
  const there = new S3Client({ ...at, region: "eu-west-3" });
  await there.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  const here = new S3Client(at);
  const headers = { "x-amz-bucket-region": "eu-west-3" };
  await expect(here.send(new PutObjectCommand({ Bucket, Key: "key", Body: "x" }))).rejects.toMatchObject({
    name: "PermanentRedirect",
    $response: { statusCode: 301, headers },
  });
  await expect(here.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({
    $response: { statusCode: 301, headers },
  });
  expect(await there.send(new ListObjectsV2Command({ Bucket }))).toMatchObject({ KeyCount: 0 });
  const following = new S3Client({ ...at, followRegionRedirects: true });
  await following.send(new HeadBucketCommand({ Bucket }));
});

it("no key leads to moto's own API, which asks for no rights", async () => {
  const s3 = new S3Client({ ...clientConfig(world.local), forcePathStyle: true });
  const read = new GetObjectCommand({ Bucket: "moto-api", Key: "data.json" });
  await expect(s3.send(read)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  await expect(s3.send(new HeadBucketCommand({ Bucket: world.made.bucket }))).resolves.toBeDefined();
});

it("no request of somebody without a key is an internal fault, or ends the process", async () => {
  const host = world.local.url.replace("http://", "");
  await fc.assert(
    fc.asyncProperty(anyRequest, async (request) => {
      const answer = await sendRaw(host, request);
      expect(answer).not.toMatch(/^HTTP\/1.1 500|ServerException|The local Fargate: /);
    }),
    { numRuns: 300 },
  );
  expect((await fetch(world.local.url)).status).toBe(403);
});

it.each([
  ["a malformed escape", "GET", "/demo/%zz", [], "", 400, "<Code>InvalidURI</Code>"],
  ["a path that is not UTF-8", "PUT", "/demo/%ff", [], "", 400, "<Code>InvalidURI</Code>"],
  [
    "a copy's source with a malformed escape",
    ...["PUT", "/demo/x", ["x-amz-copy-source: /demo/%zz"], "", 400, "<Code>InvalidArgument</Code>"],
  ],
  [
    "a JSON call without JSON",
    ...["POST", "/", ["x-amz-target: x.y", "content-type: application/x-amz-json-1.1"], "{", 400],
    "SerializationException",
  ],
] as const)(
  "%s is answered in the service's own words",
  async (_, method, target, headers, body, status, words) => {
    const host = world.local.url.replace("http://", "");
    const answer = await sendRaw(host, { method, target, headers, body });
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(words);
  },
);
