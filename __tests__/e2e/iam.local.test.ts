import { createHash } from "node:crypto";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  GetLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { callQueryApi, textsOf } from "../../local/query-api.ts";
import { callJson } from "../../local/seed.ts";
import { makeExpress } from "../helpers/service.ts";
import { Aws, mainLog } from "../helpers/local.ts";
import { allRights, nameOf, type Right } from "../helpers/policies.ts";
import { DeployedService } from "../helpers/deployments.ts";
import { SetUp } from "../helpers/set-ups.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually, until } from "../helpers/until.ts";
import {
  type Remains,
  type PreparedWay,
  type Run,
  THEIR_ACCOUNT,
  tryWay,
  type Way,
} from "../helpers/ways.ts";
import { clientConfig } from "../local/with-local.ts";

let aws: Aws;
/** A subnet whose default route leads to a NAT gateway, in a VPC without endpoints. */
let privateSubnet: string;

beforeAll(async () => {
  const gateway = { requireSignature: true, requireRight: true, reuseTokens: false };
  aws = await Aws.start({ gateway, expressTold: "call" });
  await Promise.all([makeLogs(), makeEndpoint(), makeExpress(aws)]);
  const setUp = new SetUp(aws, "check");
  const { vpc, subnet } = await setUp.vpc();
  const NatGatewayId = await setUp.ec2("CreateNatGateway", { SubnetId: subnet }, "natGatewayId");
  await setUp.route(vpc, { NatGatewayId });
  privateSubnet = subnet;
});
afterAll(() => aws.stop());

/** Makes a cluster for each way of logging, and the logs. */
async function makeLogs(): Promise<void> {
  const { ecs, local, made } = aws.world;
  const logs = new CloudWatchLogsClient(clientConfig(local));
  await logs.send(new CreateLogGroupCommand({ logGroupName: "/ecs/sealed", kmsKeyId: made.kmsKeyId }));
  await aws.s3.send(new CreateBucketCommand({ Bucket: "sealed" }));
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: "AES256" } as const;
  await aws.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: "sealed",
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault }] },
    }),
  );
  const clusters = {
    cloudwatch: { cloudWatchLogGroupName: made.logGroup },
    s3: { s3BucketName: made.bucket, s3KeyPrefix: "sessions" },
    "sealed-cloudwatch": { cloudWatchLogGroupName: "/ecs/sealed", cloudWatchEncryptionEnabled: true },
    "sealed-s3": { s3BucketName: "sealed", s3EncryptionEnabled: true, s3KeyPrefix: "sessions" },
  };
  for (const [clusterName, logConfiguration] of Object.entries(clusters)) {
    const configuration = {
      executeCommandConfiguration: { logging: "OVERRIDE", logConfiguration },
    } as const;
    await ecs.send(new CreateClusterCommand({ clusterName, configuration }));
  }
}

/** Makes an endpoint for the message gateway in the tasks' VPC. */
async function makeEndpoint(): Promise<void> {
  const { local, made } = aws.world;
  const ec2 = (Action: string, parameters: Readonly<Record<string, string>>): Promise<string> =>
    callQueryApi(local.asAdmin, "ec2", { Action, Version: "2016-11-15", ...parameters });
  const [VpcId = ""] = textsOf(
    await ec2("DescribeSubnets", { "SubnetId.1": made.subnets[0] ?? "" }),
    "vpcId",
  );
  const ServiceName = `com.amazonaws.${local.region}.ssmmessages`;
  await ec2("CreateVpcEndpoint", { VpcId, ServiceName, VpcEndpointType: "Interface" });
}

const imageIn = (repository: string): string =>
  `${aws.world.local.accountId}.dkr.ecr.${aws.world.local.region}.amazonaws.com/${repository}:1`;

/** Pushes an image of 50 MiB. Its digest is the one that the local Fargate makes up from its name. */
async function putImage(repositoryName: string): Promise<void> {
  const ecr = (operation: string, body: object): Promise<unknown> =>
    callJson(aws.world.local.asAdmin, "ecr", `AmazonEC2ContainerRegistry_V20150921.${operation}`, body);
  await ecr("CreateRepository", { repositoryName });
  const imageManifest = JSON.stringify({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    layers: [],
  });
  const imageDigest = `sha256:${createHash("sha256").update(imageIn(repositoryName)).digest("hex")}`;
  await ecr("PutImage", { repositoryName, imageManifest, imageTag: "1", imageDigest });
}

const base = ["caller-running-task", "caller-without-bucket"];
const starting = [...base, "caller-start-task"];
const staging = ["caller-running-task", "caller-bucket"];
const checking = ["caller-diagnosis", "caller-check"];
const fetching = ["task-role", "task-role-bucket"];

const sessionsOf = ({ task }: Pick<PreparedWay, "task">) =>
  aws.world.local.gateway.sessions.filter(({ target }) => target.includes(task?.id ?? "no task"));

/** Calls `act` when the job prints `begun`. */
const onceBegun =
  (act: () => void) =>
  (line: string): void => {
    if (line === "begun") act();
  };

const PRINTING = ["/bin/sh", "-c", "echo printed; exec tail -f /dev/null"];

const ways = {
  "a running task": { caller: [...base, "caller-public-ip"], task: { public: true } },
  "a task that has a session": {
    caller: base,
    beside: async (ready) => {
      void aws.step({ task: ready.task?.id ?? "", run: "sleep 3" });
      await until(() => sessionsOf(ready).some(({ connected }) => connected));
    },
  },
  "a session that is cut": {
    caller: base,
    inputs: () => ({ run: "echo begun; sleep 1; echo ended" }),
    options: (ready) => ({
      onLine: onceBegun(() => {
        const session = sessionsOf(ready).at(-1)?.sessionId ?? "";
        void aws.world.local.inject({ session: { do: "cut", session } });
      }),
    }),
  },
  "a job that is cancelled": {
    caller: base,
    inputs: () => ({ run: "echo begun; sleep 60" }),
    options: (ready) => {
      const cancel = new AbortController();
      // A silent session can't tell the job to stop.
      const begun = async (): Promise<void> => {
        const session = sessionsOf(ready).at(-1)?.sessionId ?? "";
        await aws.world.local.inject({ session: { do: "silence", session } });
        cancel.abort();
      };
      return { signal: cancel.signal, onLine: onceBegun(() => void begun()) };
    },
  },
  "a service": {
    caller: [...base, "caller-service"],
    task: false,
    inputs: () => ({ service: aws.world.made.service, protect: "false" }),
  },
  "a service whose task is protected": {
    caller: [...base, "caller-service", "caller-protect"],
    task: false,
    inputs: () => ({ service: aws.world.made.service }),
  },
  "a deployment": {
    caller: [...base, "caller-service", "caller-deployment"],
    task: false,
    // Each run has a service of its own.
    names: { service: "*" },
    beside: async ({ names }) => {
      const { family = "" } = names;
      const service = { name: family, definitions: [family, family], stages: ["POST_SCALE_UP"] } as const;
      await (await DeployedService.start(aws, service)).deploy();
    },
    inputs: ({ names }) => ({ service: names["family"] ?? "", deployment: "true", timeout: "5m" }),
  },
  "a new task": {
    caller: starting,
    task: false,
    inputs: ({ names }) => ({ ...aws.newTask(names["family"]), tags: "team=shop" }),
  },
  "a new task that prints": {
    caller: starting,
    task: false,
    inputs: ({ names }) => ({
      ...aws.newTask(names["family"]),
      hold: "false",
      overrides: JSON.stringify({ containerOverrides: [{ name: "app", command: PRINTING }] }),
    }),
  },
  "a new task like a service's": {
    caller: [...starting, "caller-service-start"],
    task: false,
    names: { family: "demo", "task-role": "demo-task", "execution-role": "demo-execution" },
    inputs: () => ({ service: aws.world.made.service, start: "true" }),
  },
  "a new task like an Express service's": {
    caller: [...starting, "caller-service-start"],
    task: false,
    names: {
      ...{ service: "express", family: "demo-express" },
      ...{ "task-role": "demo-task", "execution-role": "demo-execution" },
    },
    inputs: () => ({ service: "express", start: "true" }),
  },
  "an image": {
    caller: [...starting, "caller-definitions", "caller-image-size"],
    task: false,
    beside: ({ names }) => putImage(names["repository"] ?? ""),
    inputs: ({ names }) => ({
      image: imageIn(names["repository"] ?? ""),
      subnets: aws.world.made.subnets.join(","),
      "task-role": names["task-role"] ?? "",
      // The job outlasts ECR's answer with the image's size, for which nothing waits.
      run: "sleep 1; echo hello",
    }),
  },
  "an image in a definition": {
    caller: [...starting, "caller-definitions"],
    task: false,
    inputs: ({ names }) => ({ ...aws.newTask(names["family"]), image: "example/app:2" }),
  },
  "a bucket": { caller: staging, role: fetching, bucket: "own" },
  "a bucket that is missing": {
    caller: [...starting, "caller-bucket"],
    task: false,
    names: { bucket: "no-such-bucket" },
    inputs: ({ names }) => ({ ...aws.newTask(names["family"]), bucket: "no-such-bucket" }),
  },
  "a bucket with versions": {
    caller: [...staging, "caller-bucket-versions"],
    role: fetching,
    bucket: "versioned",
  },
  "a bucket with a key": {
    caller: [...staging, "caller-bucket-kms"],
    role: [...fetching, "task-role-bucket-kms"],
    bucket: "own",
    inputs: () => ({ "kms-key-id": aws.world.made.kmsKeyId }),
  },
  "a queue under a key": {
    caller: [...staging, "caller-bucket-kms"],
    role: [...fetching, "task-role-bucket-kms"],
    bucket: "own",
    // A first run has no queue to read.
    beside: async ({ names, task }) => {
      const Key = `${names["prefix"] ?? ""}claims/${task?.id ?? ""}/app.json`;
      const encryption = {
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: aws.world.made.kmsKeyId,
      } as const;
      const object = { Bucket: names["bucket"] ?? "", Key, Body: JSON.stringify({ claims: [] }) };
      await aws.s3.send(new PutObjectCommand({ ...object, ...encryption }));
    },
    inputs: () => ({ "kms-key-id": aws.world.made.kmsKeyId }),
  },
  "a bucket of another account": {
    caller: staging,
    role: fetching,
    bucket: "foreign",
    inputs: () => ({ "bucket-owner": THEIR_ACCOUNT }),
  },
  "a new task and a bucket of another account": {
    caller: [...starting, "caller-bucket"],
    role: fetching,
    bucket: "foreign",
    task: false,
    inputs: ({ names }) => ({ ...aws.newTask(names["family"]), "bucket-owner": THEIR_ACCOUNT }),
  },
  "encrypted sessions": {
    caller: [...base, "caller-kms"],
    role: ["task-role", "task-role-kms"],
    names: { cluster: "demo-encrypted" },
  },
  "logs in CloudWatch": {
    caller: [...base, "caller-logs-cloudwatch"],
    role: ["task-role", "task-role-logs-cloudwatch"],
    names: { cluster: "cloudwatch" },
    inputs: () => ({ logs: "cloudwatch" }),
  },
  "logs in S3": {
    caller: [...base, "caller-logs-s3"],
    role: ["task-role", "task-role-logs-s3"],
    names: { cluster: "s3" },
    inputs: () => ({ logs: "s3" }),
  },
  "an encrypted log group": {
    caller: base,
    role: ["task-role", "task-role-logs-cloudwatch", "task-role-logs-cloudwatch-encrypted"],
    names: { cluster: "sealed-cloudwatch", "log-group": "/ecs/sealed" },
  },
  "an encrypted log bucket": {
    caller: base,
    role: ["task-role", "task-role-logs-s3", "task-role-logs-s3-encrypted"],
    names: { cluster: "sealed-s3", "log-bucket": "sealed" },
  },
  "a check of a service": {
    caller: [...staging, "caller-service", "caller-protect", ...checking],
    task: false,
    names: { family: "demo", "task-role": "demo-task", "execution-role": "demo-execution" },
    bucket: "own",
    inputs: () => ({ service: aws.world.made.service, check: "true" }),
  },
  "a check of a new task": {
    caller: [...starting, "caller-definitions", ...checking],
    role: ["task-role", "task-role-logs-s3", "task-role-logs-s3-encrypted"],
    task: false,
    names: { cluster: "sealed-s3", "log-bucket": "sealed" },
    inputs: ({ names }) => ({ ...aws.newTask(names["family"]), subnets: privateSubnet, check: "true" }),
  },
  "an agent without rights": {
    caller: [...base, "caller-diagnosis"],
    role: [],
    task: { waits: false },
    inputs: () => ({ "start-timeout": "3s" }),
  },
  "an agent that lacks a right": {
    caller: [...base, "caller-diagnosis"],
    task: { waits: false },
    inputs: () => ({ "start-timeout": "3s" }),
  },
} satisfies Readonly<Record<string, Way>>;

type WayName = keyof typeof ways;

const NOTHING: Remains = { tasks: 0, objects: 0, definitions: 0 };

const sessionsAtOnce = (run: Run): boolean => {
  const [first, second] = sessionsOf(run);
  return (second?.createdAt ?? Infinity) < (first?.endedAt ?? Infinity);
};
const addressOf = ({ result }: Run): string | undefined =>
  aws.taskOf(result).plan.network?.awsvpcConfiguration?.assignPublicIp;
const count = ({ calls }: Run, operation: string): number =>
  calls.filter((call) => call.operation === operation).length;

/** The agent's log of the run's session, once the call `tried` shows that the agent has tried to write it. */
async function transcript({ result, names }: Run, tried: string): Promise<boolean> {
  const { local } = aws.world;
  const session = result.outputs["session-id"] ?? "";
  const calls = (): boolean =>
    local.requests.some(
      ({ operation, body }) =>
        operation.startsWith(tried) && (operation + JSON.stringify(body)).includes(session),
    );
  await until(calls);
  if (tried === "PUT") {
    const Key = `sessions/${session}.log`;
    return await aws.s3.send(new HeadObjectCommand({ Bucket: names["log-bucket"] ?? "", Key })).then(
      () => true,
      () => false,
    );
  }
  const logs = new CloudWatchLogsClient(clientConfig(local));
  const stream = { logGroupName: names["log-group"] ?? "", logStreamName: session };
  const answer = await logs.send(new GetLogEventsCommand(stream)).catch(() => undefined);
  return (answer?.events ?? []).length > 0;
}

/** The log of a container of the run, once the log driver has tried to write it. */
async function containerLog({ result }: Run): Promise<string[]> {
  const { local, made } = aws.world;
  const logStreamName = result.outputs["task-arn"]?.split("/").at(-1) ?? "";
  const writes = (): boolean =>
    local.requests.some(
      ({ operation, body }) =>
        operation === "PutLogEvents" && (body as { logStreamName: string }).logStreamName === logStreamName,
    );
  await until(writes);
  const logs = new CloudWatchLogsClient(clientConfig(local));
  const { events = [] } = await logs.send(
    new GetLogEventsCommand({ logGroupName: made.containerLogGroup, logStreamName }),
  );
  return events.map(({ message = "" }) => message);
}

/** Checks that each row that a right decides is OK. */
function expectNothingSkipped({ result }: Run): void {
  const checks = mainLog(result).filter((line) => /^ {2}(OK {2}|NG {2}|SKIP) {2}/.test(line));
  expect(checks.length).toBeGreaterThan(20);
  expect(checks.filter((line) => !/^ {2}(OK|SKIP {2}(architecture|credentials' life):)/.test(line))).toEqual(
    [],
  );
}

/** What a run whose roles have all rights shows. */
interface WholeRun {
  readonly outcome?: string;
  readonly seen?: (run: Run) => unknown;
}

/** For each way, the evidence that all of its rights were used. The step succeeds unless `outcome` says otherwise. */
const whole: Readonly<Record<WayName, WholeRun>> = {
  "a running task": {
    seen: ({ result: { outputs } }) => {
      expect(outputs["public-ip"]).toMatch(/^\d/);
      expect(outputs["log-group"]).toBe(aws.world.made.containerLogGroup);
    },
  },
  "a task that has a session": { seen: (run) => expect(sessionsAtOnce(run)).toBe(false) },
  "a session that is cut": { seen: (run) => expect(count(run, "ExecuteCommand")).toBe(1) },
  "a job that is cancelled": {
    outcome: "cancelled",
    seen: async (run) => {
      expect(sessionsOf(run)[0]?.ended).toBe(true);
      // The session of the stop command lasts until the job has ended.
      await eventually(() => sessionsOf(run).filter(({ ended }) => !ended), []);
    },
  },
  "a service": { seen: (run) => expect(count(run, "GetTaskProtection")).toBe(0) },
  "a service whose task is protected": {
    seen: (run) => expect(count(run, "UpdateTaskProtection")).toBe(2),
  },
  "a deployment": { seen: (run) => expect(count(run, "ContinueServiceDeployment")).toBe(1) },
  "a new task": {},
  "a new task that prints": {
    seen: (run) => eventually(() => containerLog(run), expect.arrayContaining(["printed"])),
  },
  "a new task like a service's": {},
  "a new task like an Express service's": {
    seen: (run) => {
      expect([count(run, "DescribeExpressGatewayService"), count(run, "DescribeServiceRevisions")]).toEqual([
        1, 1,
      ]);
      expect(addressOf(run)).toBe("ENABLED");
    },
  },
  "an image": { seen: ({ result }) => expect(result.summary).toMatch(/^\| Image pull \(52 MB\) \|/m) },
  "an image in a definition": {},
  "a bucket": {},
  "a bucket that is missing": {
    outcome: "not-started",
    seen: (run) => expect(count(run, "RunTask")).toBe(0),
  },
  "a bucket with versions": {},
  "a bucket with a key": {},
  "a queue under a key": {},
  "a bucket of another account": {},
  "a new task and a bucket of another account": {},
  "encrypted sessions": {},
  "logs in CloudWatch": {},
  "logs in S3": {},
  "an encrypted log group": {
    seen: (run) => eventually(() => transcript(run, "PutLogEvents"), true),
  },
  "an encrypted log bucket": { seen: (run) => eventually(() => transcript(run, "PUT"), true) },
  "a check of a service": { seen: expectNothingSkipped },
  "a check of a new task": { seen: expectNothingSkipped },
  "an agent without rights": {
    outcome: "not-started",
    seen: ({ result }) => {
      const [{ message } = { message: "" }] = result.annotations;
      expect(message).toContain("the task role lacks ssmmessages:CreateControlChannel");
      expect(mainLog(result).join("\n")).toContain("OK    way to ssmmessages: VPC");
    },
  },
  "an agent that lacks a right": {},
};

/**
 * The effect of a missing right. `says` has to name the right, and matches an annotation's message or a line of the
 * log. With `nothing` the step itself lacks nothing: it is green, whole, and has no annotation.
 */
interface Loss {
  readonly way: WayName;
  readonly file: string;
  readonly action: string;
  readonly sid?: string;
  readonly resource?: string;
  /** The step's error. Without it, the step succeeds and says what it did without. */
  readonly code?: string;
  readonly outcome?: string;
  readonly exitCode?: string;
  /**
   * The action's name unless given. `nothing`: the container's log driver or the exec agent lacks the right, and no API tells what it
   * was refused.
   */
  readonly says?: RegExp | "nothing";
  readonly remains?: Partial<Remains>;
  readonly seen?: (run: Run) => unknown;
}

const denied = "access-denied";
const cluster = "arn:aws:ecs:<region>:<account>:cluster/<cluster>";
const tasks = "arn:aws:ecs:<region>:<account>:task/<cluster>/*";
const skipped = (what: string) => (run: Run) =>
  expect(mainLog(run.result).join("\n")).toContain(`SKIP  ${what}: not known`);
/** On a very busy machine python3 gives up in time, and the script is typed. */
const fetchedOtherwise = ({ result }: Run) =>
  expect(mainLog(result).join("\n")).toMatch(
    /Script (fetched by python3 \(boto3: .*AccessDenied|typed into the session: boto3: .*AccessDenied.*; python3: TimeoutError)/s,
  );

const running: readonly Omit<Loss, "way" | "file">[] = [
  {
    action: "ecs:ExecuteCommand",
    resource: cluster,
    code: denied,
    says: /ecs:ExecuteCommand on arn:\S+:cluster/,
  },
  { action: "ecs:ExecuteCommand", resource: tasks, code: denied, says: /ecs:ExecuteCommand on arn:\S+:task/ },
  { action: "ecs:DescribeTasks", code: denied },
  {
    action: "ecs:DescribeClusters",
    seen: ({ result }) => expect(result.outputs["log-group"]).toBe(""),
  },
  {
    action: "ecs:DescribeTaskDefinition",
    seen: ({ result }) => expect(result.outputs["log-group"]).toBe(""),
  },
  { action: "ssmmessages:OpenDataChannel", code: "session-refused" },
];

/** The script has run, and the agent could not write the log that was to tell how it ended. */
const UNWRITTEN = { code: "no-status", outcome: "unknown" } as const;

const losses: readonly Loss[] = [
  ...(["logs:CreateLogStream", "logs:PutLogEvents"] as const).map(
    (action) =>
      ({ way: "logs in CloudWatch", file: "task-role-logs-cloudwatch", action, ...UNWRITTEN }) as const,
  ),
  {
    ...{ way: "logs in S3", file: "task-role-logs-s3", action: "s3:PutObject", ...UNWRITTEN },
  },
  ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map((name) => ({
    ...({ way: "an agent that lacks a right", file: "task-role", action: `ssmmessages:${name}` } as const),
    code: "exec-not-ready",
  })),
  ...running.map((loss) => ({ way: "a running task", file: "caller-running-task", ...loss }) as const),
  {
    ...{ way: "a session that is cut", file: "caller-running-task", action: "ssm:ResumeSession" },
    seen: (run) => expect(count(run, "ExecuteCommand")).toBe(2),
  },
  {
    ...{ way: "a job that is cancelled", file: "caller-running-task", action: "ssm:TerminateSession" },
    ...{ outcome: "cancelled" },
  },
  {
    ...{ way: "a task that has a session", file: "caller-without-bucket", action: "ssm:DescribeSessions" },
    seen: (run) => expect(sessionsAtOnce(run)).toBe(true),
  },
  {
    ...{ way: "a running task", file: "caller-public-ip", action: "ec2:DescribeNetworkInterfaces" },
    seen: ({ result }) => expect(result.outputs["public-ip"]).toBe(""),
  },
  { way: "a service", file: "caller-service", action: "ecs:ListTasks", code: denied },
  ...["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"].map(
    (action) =>
      ({
        ...{ way: "a service whose task is protected", file: "caller-protect", action },
        seen: ({ result }) => expect(result.annotations).toMatchObject([{ level: "notice" }]),
      }) satisfies Loss,
  ),
  ...["OfService", "Decide"].map((sid) => ({
    ...({ way: "a deployment", file: "caller-deployment", sid, code: denied } as const),
    ...{ action: "ecs:ContinueServiceDeployment", outcome: "failed", exitCode: "0" },
  })),
  ...["OfService", "Decide"].map((sid) => ({
    ...({ way: "a deployment", file: "caller-deployment", sid, code: denied } as const),
    action: "ecs:DescribeServiceDeployments",
  })),
  ...["OfService", "DescribeRevision"].map((sid) => ({
    ...({ way: "a deployment", file: "caller-deployment", sid, code: denied } as const),
    action: "ecs:DescribeServiceRevisions",
  })),
  {
    ...{ way: "a deployment", file: "caller-deployment", action: "ecs:ListServiceDeployments", code: denied },
  },
  { way: "a new task", file: "caller-start-task", action: "ecs:RunTask", code: denied },
  { way: "a new task", file: "caller-start-task", action: "ecs:StopTask", remains: { tasks: 1 } },
  ...["task-role", "execution-role"].map((role) => ({
    ...({ way: "a new task", file: "caller-start-task", action: "iam:PassRole", code: denied } as const),
    resource: `arn:aws:iam::<account>:role/<${role}>`,
    says: new RegExp(`iam:PassRole on \\S+:role/${role.split("-")[0] ?? ""}-\\d`),
  })),
  { way: "a new task", file: "caller-start-task", action: "ecs:TagResource", code: denied },
  {
    ...{ way: "a new task", file: "execution-role", action: "logs:CreateLogStream" },
    code: "task-not-started",
    says: /failed to create Cloudwatch log stream: AccessDeniedException: .* logs:CreateLogStream/,
  },
  {
    ...{
      way: "a new task that prints",
      file: "execution-role",
      action: "logs:PutLogEvents",
      says: "nothing",
    },
    seen: async (run) => expect(await containerLog(run)).toEqual([]),
  },
  {
    ...{ way: "a new task like a service's", file: "caller-service-start", action: "ecs:DescribeServices" },
    code: denied,
  },
  {
    ...{ way: "a new task like an Express service's", file: "caller-service-start", code: denied },
    action: "ecs:DescribeExpressGatewayService",
  },
  ...["Borrow", "BorrowAddress"].map((sid) => ({
    ...({ way: "a new task like an Express service's", file: "caller-service-start", sid } as const),
    action: "ecs:DescribeServiceRevisions",
    seen: (run: Run) => expect(addressOf(run)).toBeUndefined(),
  })),
  { way: "an image", file: "caller-definitions", action: "ecs:RegisterTaskDefinition", code: denied },
  {
    ...{ way: "an image", file: "caller-definitions", action: "ecs:DeregisterTaskDefinition" },
    remains: { definitions: 1 },
  },
  { way: "an image", file: "caller-definitions", action: "ecs:ListTaskDefinitionFamilies" },
  { way: "an image", file: "caller-definitions", action: "ecs:DeleteTaskDefinitions" },
  { way: "an image in a definition", file: "caller-definitions", action: "ecs:TagResource" },
  { way: "an image", file: "caller-definitions", action: "ecs:RunTask", code: denied },
  {
    ...{ way: "an image", file: "caller-image-size", action: "ecr:DescribeImages", says: "nothing" },
    seen: (run) => {
      expect(count(run, "DescribeImages")).toBe(1);
      expect(run.result.summary).toMatch(/^\| Image pull \|/m);
    },
  },
  { way: "an image", file: "caller-definitions", action: "ecs:ListTasks" },
  { way: "a bucket", file: "caller-bucket", action: "s3:PutObject", code: denied },
  { way: "a bucket", file: "caller-bucket", action: "s3:GetObject" },
  { way: "a bucket", file: "caller-bucket", action: "s3:DeleteObject", remains: { objects: 2 } },
  {
    ...{ way: "a bucket that is missing", file: "caller-bucket", action: "s3:ListBucket" },
    ...{ code: "bucket-not-found" },
    seen: (run) => expect(count(run, "RunTask")).toBe(1),
  },
  {
    ...{ way: "a bucket with versions", file: "caller-bucket-versions", action: "s3:DeleteObjectVersion" },
    // The versions and the delete markers of the script and of the queue.
    remains: { objects: 5 },
  },
  { way: "a bucket with a key", file: "caller-bucket-kms", action: "kms:GenerateDataKey", code: denied },
  {
    ...{ way: "a queue under a key", file: "caller-bucket-kms", action: "kms:Decrypt" },
    // The object of the queue.
    remains: { objects: 1 },
  },
  { way: "a bucket", file: "task-role-bucket", action: "s3:GetObject", seen: fetchedOtherwise },
  { way: "a bucket with a key", file: "task-role-bucket-kms", action: "kms:Decrypt", seen: fetchedOtherwise },
  {
    ...{ way: "a bucket of another account", file: "bucket-policy", sid: "Stage", action: "s3:PutObject" },
    code: denied,
  },
  { way: "a bucket of another account", file: "bucket-policy", sid: "Stage", action: "s3:GetObject" },
  {
    ...{ way: "a bucket of another account", file: "bucket-policy", sid: "Stage", action: "s3:DeleteObject" },
    remains: { objects: 2 },
  },
  {
    ...{ way: "a bucket of another account", file: "bucket-policy", sid: "Fetch", action: "s3:GetObject" },
    seen: fetchedOtherwise,
  },
  {
    ...{ way: "a new task and a bucket of another account", file: "bucket-policy" },
    ...{ sid: "LookAtBucket", action: "s3:ListBucket" },
  },
  { way: "encrypted sessions", file: "caller-kms", action: "kms:GenerateDataKey", code: denied },
  { way: "encrypted sessions", file: "task-role-kms", action: "kms:Decrypt", code: "session-refused" },
  {
    ...{ way: "logs in CloudWatch", file: "caller-logs-cloudwatch", action: "logs:GetLogEvents" },
    ...{ code: denied, outcome: "unknown" },
  },
  {
    ...{ way: "logs in S3", file: "caller-logs-s3", action: "s3:GetObject", code: denied },
    outcome: "unknown",
  },
  ...(["logs:CreateLogStream", "logs:PutLogEvents"] as const).map(
    (action) =>
      ({
        ...{ way: "an encrypted log group", file: "task-role-logs-cloudwatch", action },
        says: "nothing",
        seen: async (run) => expect(await transcript(run, action.slice("logs:".length))).toBe(false),
      }) satisfies Loss,
  ),
  {
    ...{ way: "an encrypted log group", file: "task-role-logs-cloudwatch-encrypted" },
    ...{ action: "logs:DescribeLogGroups", code: "session-refused" },
  },
  {
    ...{ way: "an encrypted log bucket", file: "task-role-logs-s3", action: "s3:PutObject", says: "nothing" },
    seen: async (run) => expect(await transcript(run, "PUT")).toBe(false),
  },
  {
    ...{ way: "an encrypted log bucket", file: "task-role-logs-s3-encrypted" },
    ...{ action: "s3:GetEncryptionConfiguration", code: "session-refused" },
  },
  ...(
    [
      ["ecs:DescribeServices", "service", "a check of a service"],
      ["logs:DescribeLogGroups", "log group", "a check of a service"],
      ["s3:GetBucketVersioning", "bucket versioning", "a check of a service"],
      ["s3:GetBucketPolicy", "bucket policy", "a check of a service"],
      ["iam:SimulatePrincipalPolicy", "right to open sessions", "a check of a service"],
      ["ec2:DescribeSubnets", "way to ssmmessages", "a check of a new task"],
      ["ec2:DescribeRouteTables", "way to ssmmessages", "a check of a new task"],
      ["ec2:DescribeSecurityGroups", "security groups", "a check of a new task"],
      ["s3:ListBucket", "log bucket", "a check of a new task"],
      ["s3:GetEncryptionConfiguration", "log bucket", "a check of a new task"],
    ] as const
  ).map(([action, what, way]) => ({ way, file: "caller-check", action, seen: skipped(what) }) satisfies Loss),
  ...(
    [
      ["iam:SimulatePrincipalPolicy", "rights to ssmmessages"],
      ["ec2:DescribeNetworkInterfaces", "way to ssmmessages"],
      ["ec2:DescribeVpcEndpoints", "way to ssmmessages"],
    ] as const
  ).map(
    ([action, what]) =>
      ({
        ...{ way: "an agent without rights", file: "caller-diagnosis", action, code: "exec-not-ready" },
        seen: skipped(what),
      }) satisfies Loss,
  ),
];

function rightOf({ file, sid, action, resource }: Loss): Right {
  const found = allRights().find(
    (right) =>
      right.file === file &&
      right.action === action &&
      (sid === undefined || right.sid === sid) &&
      right.resource === resource,
  );
  if (found === undefined) throw new Error(`docs/iam has no right ${file} ${action} ${resource ?? ""}`);
  return found;
}

const named = losses.map((loss) => ({ ...loss, ...rightOf(loss), name: nameOf(rightOf(loss)) }));

/** One right of each statement in each way. `EVERY_RIGHT=1` tries all of them, as `npm run soak` does. */
const tried = named.filter(
  ({ file, sid, way }, at) =>
    process.env["EVERY_RIGHT"] !== undefined ||
    named.findIndex((loss) => loss.file === file && loss.sid === sid && loss.way === way) === at,
);

/**
 * These begin first. Only after a minute and a half is it certain that a log does not come, and the looks until then take twenty
 * seconds of processor time. log-fallback.local has such a wait in each run.
 */
const slow = tried.filter(({ code }) => code === UNWRITTEN.code);
const others = tried.filter((loss) => !slow.includes(loss));

it.concurrent.each([...(process.env["EVERY_ROW"] === "1" ? slow : []), ...everyNth(others, 40)])(
  "$way, without $name",
  async (loss) => {
    const { way, code, says = new RegExp(loss.action), remains = {}, seen } = loss;
    const run = await tryWay(aws, ways[way], rightOf(loss));
    const { result } = run;
    const { "exit-code": exitCode, outcome, stdout } = result.outputs;
    const green = code === undefined && loss.outcome === undefined;
    const expected = {
      outcome: loss.outcome ?? (green ? "succeeded" : "not-started"),
      code: loss.outcome === "cancelled" ? "cancelled" : code,
      exitCode: loss.exitCode ?? (green ? "0" : loss.outcome === "cancelled" ? "130" : ""),
      remains: { ...NOTHING, ...remains },
    };
    const error = result.annotations.find(({ level }) => level === "error");
    const title = error?.title?.replace("fargate-exec: ", "");
    expect({ outcome, code: title, exitCode, remains: run.remains }).toEqual(expected);
    // A check runs no script.
    if (green && !way.startsWith("a check of")) expect(stdout).toMatch(/hello|ended/);
    if (says === "nothing") {
      expect(result).toMatchObject({ conclusion: "success", annotations: [] });
      expect(result.outputs).toMatchObject({ stdout: "hello", "exit-code": "0" });
      expect(result.outputs["session-id"]).toMatch(/^ecs-execute-command-/);
    } else expect([...mainLog(result), ...(result.post?.log ?? [])].join("\n")).toMatch(says);
    await seen?.(run);
  },
);

const wholes = (Object.keys(ways) as WayName[]).filter((name) => name !== "an agent that lacks a right");

it.concurrent.each(everyNth(wholes, 30))("%s, with all rights", async (name) => {
  const { outcome = "succeeded", seen } = whole[name];
  const run = await tryWay(aws, ways[name]);
  expect({ outcome: run.result.outputs["outcome"], remains: run.remains }).toEqual({
    outcome,
    remains: NOTHING,
  });
  await seen?.(run);
});

itInSoak(
  "without the right to open a channel a step succeeds when the message gateway does not require it",
  async () => {
    await aws.world.local.inject({ gateway: { requireSignature: false, requireRight: false } });
    const right = rightOf({
      ...{ way: "a running task", file: "caller-running-task", action: "ssmmessages:OpenDataChannel" },
    });
    const { result } = await tryWay(aws, ways["a running task"], right);
    expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "hello" });
  },
);

it("the table takes away each right of docs/iam", () => {
  // A right that several ways of use need is taken away in each of them.
  expect([...new Set(named.map(({ name }) => name))].sort()).toEqual(allRights().map(nameOf).sort());
});
