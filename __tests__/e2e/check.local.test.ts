import { CreateLogGroupCommand, DeleteLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  type ContainerDefinition,
  CreateServiceCommand,
  type ExecuteCommandLogConfiguration,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { waitForStatus, runTask } from "../local/with-local.ts";
import { Aws, definition, type Inputs, mainLog, withoutInit } from "../helpers/local.ts";
import { policyOf } from "../../local/iam/policy-files.ts";
import { type CheckRun, SetUp } from "../helpers/set-ups.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually, until } from "../helpers/until.ts";
import { THEIR_ACCOUNT } from "../helpers/ways.ts";

let aws: Aws;
/** A subnet whose default route leads to a NAT gateway. */
let privateSubnet: string;
beforeAll(async () => {
  aws = await Aws.start();
  // Running tasks are in the seed's public subnets. With this endpoint they need no public address.
  const setUp = new SetUp(aws, "base");
  const [SubnetId = ""] = aws.world.made.subnets;
  await setUp.endpoint(await setUp.ec2("DescribeSubnets", { "SubnetId.1": SubnetId }, "vpcId"));
  const { vpc, subnet } = await setUp.vpc();
  await setUp.nat(vpc, subnet);
  privateSubnet = subnet;
});
afterAll(() => aws.stop());

const good: ContainerDefinition = { ...withoutInit, linuxParameters: { initProcessEnabled: true } };

type DefinitionMembers = Partial<RegisterTaskDefinitionCommandInput>;

/** The inputs for a new task of a definition with this container and these members. */
async function registerNewTask(
  { aws: { world }, name }: SetUp,
  container: Partial<ContainerDefinition> = {},
  more: DefinitionMembers = {},
): Promise<Inputs> {
  const whole = { ...definition(name, [{ ...good, ...container }], world.local.accountId), ...more };
  await world.ecs.send(new RegisterTaskDefinitionCommand(whole));
  return { ...newTask(name), hold: "false" };
}

/** The inputs for a new task in the private subnet. */
function newTask(taskDefinition?: string): Inputs {
  return { ...aws.newTask(taskDefinition), subnets: privateSubnet };
}

/** Starts a task of a definition with this container. Returns the inputs for it once it runs. */
async function startTask(
  setUp: SetUp,
  container: Partial<ContainerDefinition> = {},
  { exec = true, environment = {} }: { readonly exec?: boolean; readonly environment?: object } = {},
): Promise<Inputs> {
  await registerNewTask(setUp, container, environment);
  const task = await runTask(aws.world, "", {
    taskDefinition: setUp.name,
    enableExecuteCommand: exec,
    overrides: {},
  });
  await waitForStatus(task, "RUNNING");
  if (exec) await until(() => [...task.agents.values()].every(({ connected }) => connected !== undefined));
  return { task: task.id };
}

/** Creates a service with this number of tasks. Returns the inputs for it once they run. */
async function createService(setUp: SetUp, desiredCount: number, exec = true): Promise<Inputs> {
  const { made, ecs } = aws.world;
  await ecs.send(
    new CreateServiceCommand({
      ...{ cluster: made.cluster, serviceName: setUp.name, taskDefinition: made.taskDefinition },
      ...{ desiredCount, launchType: "FARGATE", platformVersion: "LATEST", enableExecuteCommand: exec },
      networkConfiguration: {
        awsvpcConfiguration: { subnets: [...made.subnets], securityGroups: [...made.securityGroups] },
      },
    }),
  );
  if (desiredCount > 0) await waitForTasks(setUp);
  return { service: setUp.name };
}

/** The inputs for a new task on a cluster that logs its sessions so. Its role may write the log. */
async function createLoggedCluster(
  setUp: SetUp,
  logConfiguration: ExecuteCommandLogConfiguration,
): Promise<Inputs> {
  const cluster = await setUp.cluster({ logging: "OVERRIDE", logConfiguration });
  const inputs = { ...newTask(), cluster };
  return { ...inputs, "task-role": setUp.taskRole(aws.rights.taskRole(inputs)) };
}

async function waitForTasks({ name }: SetUp): Promise<void> {
  const ours = () =>
    aws.world.local.tasks.filter(
      ({ plan, desiredStatus }) => plan.group === `service:${name}` && desiredStatus === "RUNNING",
    );
  const ready = () =>
    ours().map(
      ({ lastStatus, agents }) =>
        lastStatus === "RUNNING" && [...agents.values()].every((agent) => agent.lastStatus === "RUNNING"),
    );
  await eventually(ready, [true]);
}

/** A set-up that does not work, and its fix. */
interface Broken {
  /** The rows that are NG. */
  readonly wrong: readonly string[];
  /** The fix says this. */
  readonly says: RegExp;
  readonly make: (setUp: SetUp) => Promise<Inputs>;
  /** Does what the fix says. Returns the inputs when they change. */
  readonly mend: (setUp: SetUp, inputs: Inputs) => Promise<Inputs | undefined> | Inputs;
  readonly env?: Readonly<Record<string, string>>;
}

const unchanged = undefined;

const broken: Readonly<Record<string, Broken>> = {
  "a task without ECS Exec": {
    wrong: ["ECS Exec"],
    says: /enableExecuteCommand/,
    make: (setUp) => startTask(setUp, {}, { exec: false }),
    mend: (setUp) => startTask(setUp),
  },
  "a service without ECS Exec": {
    wrong: ["service", "ECS Exec"],
    says: /update-service .*--enable-execute-command --force-new-deployment/,
    make: (setUp) => createService(setUp, 1, false),
    mend: async (setUp) => {
      const { ecs, made } = aws.world;
      const names = { cluster: made.cluster, service: setUp.name };
      await ecs.send(
        new UpdateServiceCommand({ ...names, enableExecuteCommand: true, forceNewDeployment: true }),
      );
      await waitForTasks(setUp);
      return unchanged;
    },
  },
  "a service without a running task": {
    wrong: ["running tasks"],
    says: /desired count/,
    make: (setUp) => createService(setUp, 0),
    mend: async (setUp) => {
      const { ecs, made } = aws.world;
      await ecs.send(
        new UpdateServiceCommand({ cluster: made.cluster, service: setUp.name, desiredCount: 1 }),
      );
      await waitForTasks(setUp);
      return unchanged;
    },
  },
  "a service whose deployments pause at no hook": {
    wrong: ["pause hook"],
    says: /'targetType' PAUSE/,
    make: async (setUp) => ({ ...(await createService(setUp, 1)), deployment: "true" }),
    mend: async (setUp) => {
      const { ecs, made } = aws.world;
      await ecs.send(
        new UpdateServiceCommand({
          ...{ cluster: made.cluster, service: setUp.name },
          deploymentConfiguration: {
            lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
          },
        }),
      );
      return unchanged;
    },
  },
  "a service that is not there": {
    wrong: ["service"],
    says: /'service'/,
    make: () => Promise.resolve({ service: "no-such-service" }),
    mend: () => ({ service: aws.world.made.service }),
  },
  "a task that is not there": {
    wrong: ["task"],
    says: /'task'/,
    make: () => Promise.resolve({ task: "0".repeat(32) }),
    mend: (setUp) => startTask(setUp),
  },
  "no task role": {
    wrong: ["task role"],
    says: /'task-role'/,
    make: () => Promise.resolve(newTask(aws.world.made.withoutRole)),
    mend: (setUp, inputs) => ({ ...inputs, "task-role": setUp.taskRole([policyOf("task-role")]) }),
  },
  "a task role without the rights to ssmmessages": {
    wrong: ["rights to ssmmessages"],
    says: /Allow ssmmessages:CreateControlChannel, .* on \* in the policies of arn:/,
    make: (setUp) => Promise.resolve({ ...newTask(), "task-role": setUp.taskRole([]) }),
    mend: (setUp) => {
      setUp.taskRole([policyOf("task-role")]);
      return Promise.resolve(unchanged);
    },
  },
  "platform version 1.3.0": {
    wrong: ["platform version"],
    says: /1\.4\.0/,
    make: () => Promise.resolve({ ...newTask(), overrides: '{"platformVersion": "1.3.0"}' }),
    mend: (_, inputs) => ({ ...inputs, overrides: '{"platformVersion": "1.4.0"}' }),
  },
  "a public subnet and no public address": {
    wrong: ["way to ssmmessages", "way to the registry", "way to the containers' logs"],
    says: /'assign-public-ip: true'/,
    make: async (setUp) => {
      const { vpc, subnet } = await setUp.vpc();
      await setUp.internet(vpc);
      return { ...newTask(), subnets: subnet };
    },
    mend: (_, inputs) => ({ ...inputs, "assign-public-ip": "true" }),
  },
  "a private subnet without a NAT gateway": {
    wrong: ["way to ssmmessages", "way to the registry", "way to the containers' logs"],
    says: /NAT gateway/,
    make: async (setUp) => ({ ...newTask(), subnets: (await setUp.vpc()).subnet }),
    mend: async (setUp, { subnets = "" }) => {
      await setUp.nat(await setUp.ec2("DescribeSubnets", { "SubnetId.1": subnets }, "vpcId"), subnets);
      return unchanged;
    },
  },
  "a private subnet with an endpoint for ssmmessages alone": {
    wrong: ["way to the registry", "way to the containers' logs"],
    says: /VPC endpoints for ecr\.api, ecr\.dkr, s3\.[^]*a VPC endpoint for logs\./,
    make: async (setUp) => {
      const { vpc, subnet } = await setUp.vpc();
      await setUp.endpoint(vpc);
      const image = `123456789012.dkr.ecr.${aws.world.local.region}.amazonaws.com/shop:1`;
      const options = {
        "awslogs-group": aws.world.made.containerLogGroup,
        "awslogs-region": aws.world.local.region,
      };
      const executionRoleArn = `arn:aws:iam::${aws.world.local.accountId}:role/demo-execution`;
      const logConfiguration = { logDriver: "awslogs" as const, options };
      return {
        ...(await registerNewTask(setUp, { image, logConfiguration }, { executionRoleArn })),
        subnets: subnet,
      };
    },
    mend: async (setUp, { subnets = "" }) => {
      const vpc = await setUp.ec2("DescribeSubnets", { "SubnetId.1": subnets }, "vpcId");
      for (const service of ["ecr.api", "ecr.dkr", "logs"]) await setUp.endpoint(vpc, service);
      await setUp.gatewayToS3(vpc);
      return unchanged;
    },
  },
  "a subnet that is not there": {
    wrong: ["way to ssmmessages"],
    says: /'subnets'/,
    make: () => Promise.resolve({ ...newTask(), subnets: "subnet-0a1b2c3d" }),
    mend: () => newTask(),
  },
  "a security group that lets no HTTPS out": {
    wrong: ["security groups"],
    says: /outbound rule for TCP port 443/,
    make: async (setUp) => {
      const { vpc, subnet, group } = await setUp.vpc();
      await setUp.nat(vpc, subnet);
      const all = { "IpPermissions.1.IpProtocol": "-1", "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0" };
      await setUp.ec2("RevokeSecurityGroupEgress", { GroupId: group, ...all });
      return { ...newTask(), subnets: subnet, "security-groups": group };
    },
    mend: async (setUp, { "security-groups": GroupId = "" }) => {
      const https = {
        ...{ "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0" },
        ...{ "IpPermissions.1.FromPort": "443", "IpPermissions.1.ToPort": "443" },
      };
      await setUp.ec2("AuthorizeSecurityGroupEgress", { GroupId, ...https });
      return unchanged;
    },
  },
  "a root file system that is read-only": {
    wrong: ["root file system"],
    says: /empty volumes/,
    make: (setUp) => registerNewTask(setUp, { readonlyRootFilesystem: true }),
    mend: (setUp) => {
      const paths = ["/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"];
      const named = paths.map((containerPath, i) => ({ sourceVolume: `v${i}`, containerPath }));
      const volumes = named.map(({ sourceVolume }) => ({ name: sourceVolume }));
      return registerNewTask(setUp, { readonlyRootFilesystem: true, mountPoints: named }, { volumes });
    },
  },
  Windows: {
    wrong: ["operating system"],
    says: /'runtimePlatform' is Linux/,
    make: (setUp) =>
      registerNewTask(setUp, {}, { runtimePlatform: { operatingSystemFamily: "WINDOWS_SERVER_2022_CORE" } }),
    mend: (setUp) => registerNewTask(setUp, {}, { runtimePlatform: { operatingSystemFamily: "LINUX" } }),
  },
  "an ARM image in an x86 task": {
    wrong: ["architecture"],
    says: /cpuArchitecture' to ARM64/,
    make: (setUp) => registerNewTask(setUp, { image: "arm64v8/python:3.13" }),
    mend: (setUp) =>
      registerNewTask(
        setUp,
        { image: "arm64v8/python:3.13" },
        { runtimePlatform: { cpuArchitecture: "ARM64" } },
      ),
  },
  "pidMode task with two containers": {
    wrong: ["pidMode"],
    says: /Leave 'pidMode' out/,
    make: (setUp) =>
      registerNewTask(setUp, {}, { pidMode: "task", containerDefinitions: [good, { ...good, name: "log" }] }),
    mend: (setUp) => registerNewTask(setUp, {}, { containerDefinitions: [good, { ...good, name: "log" }] }),
  },
  "static keys in the environment": {
    wrong: ["static credentials"],
    says: /give the task role their rights/,
    make: (setUp) => startTask(setUp, { environment: [{ name: "AWS_ACCESS_KEY_ID", value: "AKIDEXAMPLE" }] }),
    mend: (setUp) => startTask(setUp),
  },
  "a proxy for the credentials too": {
    wrong: ["proxy"],
    says: /NO_PROXY to 169\.254\.169\.254,169\.254\.170\.2/,
    make: (setUp) =>
      registerNewTask(setUp, { environment: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }] }),
    mend: (setUp) =>
      registerNewTask(setUp, {
        environment: [
          { name: "HTTPS_PROXY", value: "http://proxy:3128" },
          { name: "NO_PROXY", value: "169.254.169.254,169.254.170.2" },
        ],
      }),
  },
  "no init process": {
    wrong: ["init process"],
    says: /initProcessEnabled/,
    make: (setUp) => startTask(setUp, { linuxParameters: {} }),
    mend: (setUp) => startTask(setUp),
  },
  "a container that is not there": {
    wrong: ["container"],
    says: /'container'/,
    make: async (setUp) => ({ ...(await startTask(setUp)), container: "web" }),
    mend: (_, inputs) => ({ ...inputs, container: "app" }),
  },
  "a container whose end others wait for": {
    wrong: ["hold"],
    says: /'hold: false'/,
    make: async (setUp) => {
      const dependsOn = [{ containerName: "app", condition: "SUCCESS" as const }];
      const containerDefinitions = [
        { ...good, essential: false },
        { ...good, name: "web", dependsOn },
      ];
      return {
        ...(await registerNewTask(setUp, {}, { containerDefinitions })),
        hold: "true",
        container: "app",
      };
    },
    mend: (_, inputs) => ({ ...inputs, hold: "false" }),
  },
  "a task definition that is not there": {
    wrong: ["task definition"],
    says: /'task-definition'/,
    make: () => Promise.resolve(newTask("no-such-family")),
    mend: () => newTask(),
  },
  "a cluster that is not there": {
    wrong: ["cluster"],
    says: /'cluster' and 'region'/,
    make: () => Promise.resolve({ ...newTask(), cluster: "no-such-cluster" }),
    mend: () => newTask(),
  },
  "a bucket that is not there": {
    wrong: ["bucket"],
    says: /bucket's name/,
    make: (setUp) => Promise.resolve({ ...newTask(), bucket: setUp.name }),
    mend: async (setUp) => {
      await setUp.bucket();
      return unchanged;
    },
  },
  "a bucket in another region": {
    wrong: ["bucket"],
    says: /Use a bucket in us-east-1/,
    make: async () => ({ ...newTask(), bucket: (await aws.bucketIn("eu-west-1")).name }),
    mend: (_, inputs) => ({ ...inputs, bucket: aws.world.made.bucket }),
  },
  "a bucket of another account than expected": {
    wrong: ["bucket"],
    says: /'bucket-owner'/,
    make: async (setUp) => {
      const bucket = await setUp.bucket();
      const { buckets } = aws.world.local.iam;
      buckets.setOwner(bucket, THEIR_ACCOUNT);
      buckets.setPolicy(bucket, {
        Version: "2012-10-17",
        Statement: {
          ...{ Effect: "Allow", Principal: { AWS: aws.world.local.accountId }, Action: "s3:*" },
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        },
      });
      return { ...newTask(), bucket };
    },
    mend: (_, inputs) => ({ ...inputs, "bucket-owner": THEIR_ACCOUNT }),
  },
  "a bucket whose owner denies it": {
    wrong: ["bucket"],
    says: /bucket's policy allow the caller/,
    make: async (setUp) => {
      const bucket = await setUp.bucket();
      aws.world.local.iam.buckets.setOwner(bucket, THEIR_ACCOUNT);
      return { ...newTask(), bucket, "bucket-owner": THEIR_ACCOUNT };
    },
    mend: (_, { bucket = "" }) => {
      const { iam, accountId: account } = aws.world.local;
      const names = { account, bucket, prefix: "fargate-exec/", "caller-role": "x", "task-role": "x" };
      const text = JSON.stringify(policyOf("bucket-policy", names));
      iam.buckets.setPolicy(bucket, JSON.parse(text.replaceAll(":role/x", ":root")));
      return Promise.resolve(unchanged);
    },
  },
  "a bucket that takes encrypted objects only": {
    wrong: ["bucket policy"],
    says: /'kms-key-id'/,
    make: async (setUp) => {
      const bucket = await setUp.bucket();
      const Statement = {
        ...{ Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/*` },
        Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } },
      };
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      await aws.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
      return { ...newTask(), bucket };
    },
    mend: (_, inputs) => ({ ...inputs, "kms-key-id": aws.world.made.kmsKeyId }),
  },
  "a caller that may not write to the bucket": {
    wrong: ["rights to the bucket"],
    says: /Allow s3:PutObject on arn:aws:s3:::demo-staging\/fargate-exec\//,
    make: (setUp) => {
      setUp.denied = "s3:PutObject";
      return Promise.resolve({ ...newTask(), bucket: aws.world.made.bucket });
    },
    mend: (setUp) => {
      setUp.denied = undefined;
      return Promise.resolve(unchanged);
    },
  },
  "a caller that may open no session": {
    wrong: ["right to open sessions"],
    says: /Allow ecs:ExecuteCommand on arn:\S+:cluster\/demo and arn:\S+:task\/demo\//,
    make: (setUp) => {
      setUp.denied = "ecs:ExecuteCommand";
      return Promise.resolve({ service: aws.world.made.service });
    },
    mend: (setUp) => {
      setUp.denied = undefined;
      return Promise.resolve(unchanged);
    },
  },
  "a caller that may not pass the task's roles": {
    wrong: ["right to pass its roles"],
    says: /Allow iam:PassRole on .*role\/demo-task/,
    make: (setUp) => {
      setUp.denied = "iam:PassRole";
      return Promise.resolve(newTask());
    },
    mend: (setUp) => {
      setUp.denied = undefined;
      return Promise.resolve(unchanged);
    },
  },
  "a key for the sessions that the caller may not use": {
    wrong: ["session key"],
    says: /Allow 'kms:GenerateDataKey'/,
    make: (setUp) => {
      setUp.denied = "kms:GenerateDataKey";
      return Promise.resolve({ ...newTask(), cluster: aws.world.made.kmsCluster });
    },
    mend: (setUp) => {
      setUp.denied = undefined;
      return Promise.resolve(unchanged);
    },
  },
  "a key for the sessions that the task role may not use": {
    wrong: ["right to the session key"],
    says: /Allow kms:Decrypt/,
    make: (setUp) =>
      Promise.resolve({
        ...{ ...newTask(), cluster: aws.world.made.kmsCluster },
        "task-role": setUp.taskRole([policyOf("task-role")]),
      }),
    mend: (setUp) => {
      const names = { ...{ region: "*", account: "*" }, "cluster-key": "*" };
      setUp.taskRole([policyOf("task-role"), policyOf("task-role-kms", names)]);
      return Promise.resolve(unchanged);
    },
  },
  "a log group that is not there": {
    wrong: ["log group"],
    says: /aws logs create-log-group/,
    make: (setUp) => createLoggedCluster(setUp, { cloudWatchLogGroupName: `/${setUp.name}` }),
    mend: async (setUp) => {
      await setUp.logs.send(new CreateLogGroupCommand({ logGroupName: `/${setUp.name}` }));
      return unchanged;
    },
  },
  "a log group without the encryption that the cluster demands": {
    wrong: ["log group"],
    says: /associate-kms-key/,
    make: async (setUp) => {
      const logGroupName = `/${setUp.name}`;
      await setUp.logs.send(new CreateLogGroupCommand({ logGroupName }));
      return createLoggedCluster(setUp, {
        cloudWatchLogGroupName: logGroupName,
        cloudWatchEncryptionEnabled: true,
      });
    },
    mend: async (setUp) => {
      const { kmsKeyId } = aws.world.made;
      // moto has no AssociateKmsKey.
      await setUp.logs.send(new DeleteLogGroupCommand({ logGroupName: `/${setUp.name}` }));
      await setUp.logs.send(new CreateLogGroupCommand({ logGroupName: `/${setUp.name}`, kmsKeyId }));
      return unchanged;
    },
  },
  "a log bucket that is not there": {
    wrong: ["log bucket"],
    says: /bucket's name/,
    make: (setUp) => createLoggedCluster(setUp, { s3BucketName: setUp.name, s3KeyPrefix: "sessions" }),
    mend: async (setUp) => {
      await setUp.bucket();
      return unchanged;
    },
  },
  "logs of sessions that are not logged": {
    wrong: ["session log"],
    says: /'logs: auto'/,
    make: async (setUp) => ({
      ...{ ...newTask(), logs: "cloudwatch" },
      cluster: await setUp.cluster({ logging: "NONE" }),
    }),
    mend: (_, inputs) => ({ ...inputs, logs: "auto" }),
  },
  "credentials that end before the job": {
    wrong: ["credentials' life"],
    says: /'role-to-assume'/,
    make: () => Promise.resolve({ ...newTask(), timeout: "2h" }),
    env: { AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() + 3_600_000).toISOString() },
    mend: (_, inputs) => ({ ...inputs, timeout: "30m" }),
  },
};

function expectGreen({ result, wrong, rows }: CheckRun): void {
  expect(wrong).toEqual([]);
  expect(result).toMatchObject({ conclusion: "success", annotations: [] });
  expect(result.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0", results: "[]", stdout: "" });
  expect(rows.length).toBeGreaterThan(15);
}

let number = 0;
it.concurrent.each(everyNth(Object.entries(broken), 48))(
  "%s is NG, and its fix makes the check green",
  async (_, { wrong, says, make, mend, env }) => {
    const setUp = new SetUp(aws, `check-${(number += 1)}`);
    const inputs = await make(setUp);
    const before = await setUp.check(inputs, env);
    expect(before.wrong).toEqual(wrong);
    expect(before.result.outputs).toMatchObject({ outcome: "failed", "exit-code": "1" });
    const [annotation, ...others] = before.result.annotations;
    expect(others).toEqual([]);
    expect(annotation).toMatchObject({ level: "error", title: "fargate-exec: check-failed" });
    expect(annotation?.message).toMatch(says);
    for (const name of wrong) expect(before.result.summary).toMatch(new RegExp(`❌ NG \\| ${name} \\|`));

    expectGreen(await setUp.check((await mend(setUp, inputs)) ?? inputs, env));
  },
);

itInSoak(
  "in a set-up without faults every check is OK, for a task, a service, a new task and an image, and nothing is made",
  async () => {
    const { made } = aws.world;
    const setUp = new SetUp(aws, "whole");
    const task = await startTask(setUp);
    const definitions = await aws.definitions();
    const subnets = privateSubnet;
    const image = { image: "example/app:1-x86_64", subnets, "task-role": "demo-task" };
    const bucket = { bucket: made.bucket };
    for (const inputs of [
      task,
      { ...bucket, service: made.service },
      { ...bucket, service: made.service, start: "true" },
      { ...bucket, service: made.service, image: "example/app:1-x86_64" },
      { ...image, "kms-key-id": made.kmsKeyId, ...bucket },
      { ...task, run: "touch /tmp/ran" },
    ]) {
      const checked = await setUp.check(inputs);
      expectGreen(checked);
      const skipped = checked.rows.filter(({ verdict }) => verdict === "SKIP").map(({ name }) => name);
      // Only a registry knows an image's architecture, and the keys of the test have no known end.
      expect(["architecture", "credentials' life"]).toEqual(expect.arrayContaining(skipped));
      // The group of the cleanup and the end of the guard come after this line.
      expect(mainLog(checked.result).at(-4)).toMatch(/^\d+ checks: \d+ OK, 0 NG, \d+ SKIP\.$/);
    }
    const changes = aws.world.local.requests.filter(
      ({ operation, key }) =>
        key !== aws.world.local.admin.accessKeyId &&
        /^(ExecuteCommand|RunTask|Register|PUT|DELETE)/.test(operation),
    );
    expect(changes.map(({ operation }) => operation)).toEqual([]);
    expect(await aws.definitions()).toEqual(definitions);
  },
);

itInSoak(
  "the checks that need caller-check.json and caller-diagnosis.json are skipped without them, and the step is green",
  async () => {
    const setUp = new SetUp(aws, "poor");
    const task = await startTask(setUp);
    setUp.lacks = ["caller-check", "caller-diagnosis"];
    const checked = await setUp.check(task);
    expectGreen(checked);
    const skipped = checked.rows.filter(({ verdict }) => verdict === "SKIP");
    expect(skipped.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["rights to ssmmessages", "way to ssmmessages", "right to open sessions"]),
    );
    expect(skipped.map(({ line }) => line).join("\n")).toContain("no right to iam:SimulatePrincipalPolicy");
  },
);
