import type { Ecs, RunTaskRequest } from "../../src/aws/ecs.ts";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import {
  endpoint,
  exception,
  type Answer,
  type Endpoint,
  type ReceivedRequest,
} from "../helpers/aws-endpoint.ts";

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function startEndpoint(answer: (request: ReceivedRequest, count: number) => Answer): Promise<Ecs> {
  open = await endpoint(answer);
  return ecsCalls(open.clients);
}
function requestBody(index = 0): unknown {
  return JSON.parse(open?.received[index]?.body ?? "null");
}

const arn = "arn:aws:ecs:eu-central-1:123456789012:task/ci/0123456789abcdef0123456789abcdef";
const started = {
  taskArn: arn,
  clusterArn: "arn:aws:ecs:eu-central-1:123456789012:cluster/ci",
  taskDefinitionArn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
  lastStatus: "PROVISIONING",
  desiredStatus: "RUNNING",
};
const request: RunTaskRequest = {
  cluster: "ci",
  taskDefinition: "web:3",
  count: 1,
  capacityProviders: [],
  launchType: "FARGATE",
  platformVersion: undefined,
  enableExecuteCommand: true,
  network: { subnets: ["subnet-1"], securityGroups: [], assignPublicIp: undefined },
  overrides: {},
  more: {},
  startedBy: "fargate-exec/1",
  clientToken: "token",
  tags: {},
  propagateTags: undefined,
};

it("gives a task in our own type", async () => {
  const ecs = await startEndpoint(() => ({
    body: {
      tasks: [
        {
          taskArn: arn,
          clusterArn: "arn:aws:ecs:eu-central-1:123456789012:cluster/ci",
          taskDefinitionArn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
          lastStatus: "RUNNING",
          desiredStatus: "RUNNING",
          cpu: "1024",
          memory: "2048",
          enableExecuteCommand: true,
          startedAt: 1700000000.5,
          attachments: [
            {
              type: "ElasticNetworkInterface",
              details: [
                { name: "networkInterfaceId", value: "eni-1" },
                { name: "privateIPv4Address", value: "10.0.0.7" },
              ],
            },
          ],
          containers: [
            {
              name: "app",
              lastStatus: "RUNNING",
              runtimeId: "abc-123",
              managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "PENDING" }],
            },
            { name: "log", lastStatus: "STOPPED", exitCode: 0 },
          ],
        },
      ],
    },
  }));
  const task = await ecs.describeTask("ci", arn);
  expect(task).toMatchObject({
    cpu: 1024,
    memory: 2048,
    startedAt: 1_700_000_000_500,
    privateIp: "10.0.0.7",
    networkInterfaceId: "eni-1",
    healthStatus: "UNKNOWN",
    containers: [
      { name: "app", runtimeId: "abc-123", execAgent: { status: "PENDING" } },
      { name: "log", exitCode: 0, execAgent: undefined },
    ],
  });
});

it("gives undefined for a task that ECS does not know", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [], failures: [{ arn, reason: "MISSING" }] } }));
  expect(await ecs.describeTask("ci", arn)).toBeUndefined();
});

it("asks for a hundred tasks at a time", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [] } }));
  await ecs.describeTasks(
    "ci",
    Array.from({ length: 230 }, (_, i) => `t${i}`),
  );
  expect(open?.received.map(({ body }) => (JSON.parse(body) as { tasks: string[] }).tasks.length)).toEqual([
    100, 100, 30,
  ]);
});

it("lists all pages of a service's tasks", async () => {
  const ecs = await startEndpoint((_, count) => ({
    body: count === 1 ? { taskArns: ["a"], nextToken: "more" } : { taskArns: ["b"] },
  }));
  expect(await ecs.listTasks("ci", { service: "web" })).toEqual(["a", "b"]);
  expect(requestBody(1)).toEqual({ cluster: "ci", serviceName: "web", nextToken: "more" });
});

it("reads how a cluster logs and encrypts sessions, and its capacity providers", async () => {
  const ecs = await startEndpoint(() => ({
    body: {
      clusters: [
        {
          clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/ci",
          clusterName: "ci",
          status: "ACTIVE",
          configuration: {
            executeCommandConfiguration: {
              logging: "OVERRIDE",
              kmsKeyId: "key",
              logConfiguration: { cloudWatchLogGroupName: "/exec", s3BucketName: "audit", s3KeyPrefix: "x" },
            },
          },
          capacityProviders: ["FARGATE"],
          defaultCapacityProviderStrategy: [{ capacityProvider: "FARGATE", weight: 2 }],
        },
      ],
    },
  }));
  const { exec, capacityProviders, defaultCapacityProviders } = await ecs.describeCluster("ci");
  expect(requestBody()).toEqual({ clusters: ["ci"], include: ["CONFIGURATIONS"] });
  expect(exec).toMatchObject({
    logging: "OVERRIDE",
    kmsKeyId: "key",
    cloudWatchLogGroup: "/exec",
    s3Bucket: "audit",
  });
  expect(capacityProviders).toEqual(["FARGATE"]);
  expect(defaultCapacityProviders).toEqual([{ name: "FARGATE", weight: 2, base: 0 }]);
});

it.each([
  ["a cluster that is not there", (ecs: Ecs) => ecs.describeCluster("ci"), "cluster-not-found"],
  ["a service that is not there", (ecs: Ecs) => ecs.describeService("ci", "web"), "service-not-found"],
])("fails for %s", async (_, call, code) => {
  const ecs = await startEndpoint(() => ({ body: { failures: [{ reason: "MISSING" }] } }));
  await expect(call(ecs)).rejects.toMatchObject({ code, seen: expect.stringContaining("MISSING") as string });
});

it("sends RunTask nothing that was not asked for", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [started] } }));
  expect(await ecs.runTask(request)).toMatchObject({ tasks: [{ arn }], refusals: [] });
  expect(requestBody()).toEqual({
    cluster: "ci",
    taskDefinition: "web:3",
    count: 1,
    launchType: "FARGATE",
    enableExecuteCommand: true,
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
    overrides: {},
    startedBy: "fargate-exec/1",
    clientToken: "token",
  });
});

it("sends RunTask tags, security groups and a public address", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [started] } }));
  const network = { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: true };
  await ecs.runTask({ ...request, network, tags: { team: "x" }, propagateTags: "TASK_DEFINITION" });
  expect(requestBody()).toMatchObject({
    networkConfiguration: { awsvpcConfiguration: { securityGroups: ["sg-1"], assignPublicIp: "ENABLED" } },
    tags: [{ key: "team", value: "x" }],
    propagateTags: "TASK_DEFINITION",
  });
});

it("sends RunTask capacity providers in place of a launch type", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [started] } }));
  const capacityProviders = [
    { name: "FARGATE_SPOT", weight: 3, base: 0 },
    { name: "FARGATE", weight: 1, base: 2 },
  ];
  await ecs.runTask({ ...request, count: 4, capacityProviders });
  expect(requestBody()).toMatchObject({
    count: 4,
    capacityProviderStrategy: [
      { capacityProvider: "FARGATE_SPOT", weight: 3 },
      { capacityProvider: "FARGATE", weight: 1, base: 2 },
    ],
  });
  expect(requestBody()).not.toHaveProperty("launchType");
});

it("sends RunTask no network for a task that uses its instance's network", async () => {
  const ecs = await startEndpoint(() => ({ body: { tasks: [started] } }));
  const network = { subnets: [], securityGroups: [], assignPublicIp: undefined };
  await ecs.runTask({ ...request, launchType: "EC2", network });
  expect(requestBody()).toMatchObject({ launchType: "EC2" });
  expect(requestBody()).not.toHaveProperty("networkConfiguration");
});

it("reads where the tasks of a service run", async () => {
  const awsvpcConfiguration = { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "DISABLED" };
  const capacityProviderStrategy = [{ capacityProvider: "FARGATE_SPOT", weight: 1 }];
  const service = {
    status: "ACTIVE",
    serviceArn: "arn:aws:ecs:eu-central-1:123456789012:service/ci/web",
    serviceName: "web",
    platformVersion: "1.4.0",
    capacityProviderStrategy,
  };
  const ecs = await startEndpoint((_, count) => ({
    body: {
      services: [count === 1 ? { ...service, networkConfiguration: { awsvpcConfiguration } } : service],
    },
  }));
  expect(await ecs.describeService("ci", "web")).toMatchObject({
    launchType: undefined,
    capacityProviders: [{ name: "FARGATE_SPOT", weight: 1, base: 0 }],
    platformVersion: "1.4.0",
    network: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: false },
  });
  expect((await ecs.describeService("ci", "web")).network).toEqual({
    subnets: [],
    securityGroups: [],
    assignPublicIp: undefined,
  });
});

it.each(["EXTERNAL", "CODE_DEPLOY"])("describes a service of %s by its PRIMARY task set", async (type) => {
  const set = (status: string, name: string) => ({
    status,
    taskDefinition: name,
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    networkConfiguration: { awsvpcConfiguration: { subnets: [name] } },
  });
  const service = {
    status: "ACTIVE",
    serviceArn: "arn:aws:ecs:eu-central-1:123456789012:service/ci/web",
    serviceName: "web",
    taskDefinition: "first",
    launchType: "EC2",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["first"] } },
    deploymentController: { type },
    taskSets: [set("ACTIVE", "next"), set("PRIMARY", "now")],
  };
  const ecs = await startEndpoint(() => ({ body: { services: [service] } }));
  expect(await ecs.describeService("ci", "web")).toMatchObject({
    taskDefinitionArn: "now",
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    network: { subnets: ["now"] },
  });
});

it("returns ECS's refusals to start a task", async () => {
  const ecs = await startEndpoint(() => ({
    body: { tasks: [], failures: [{ reason: "RESOURCE:ENI", detail: "full" }] },
  }));
  expect(await ecs.runTask(request)).toEqual({
    tasks: [],
    refusals: [{ reason: "RESOURCE:ENI", detail: "full" }],
  });
});

describe("ExecuteCommand", () => {
  const command = { cluster: "ci", task: arn, container: "app", command: "/bin/sh" };

  it("gives a session", async () => {
    const session = { sessionId: "ecs-execute-command-1", streamUrl: "wss://example/x?y=z", tokenValue: "t" };
    const ecs = await startEndpoint(() => ({ body: { session } }));
    expect(await ecs.executeCommand(command)).toEqual({
      session: { sessionId: "ecs-execute-command-1", streamUrl: "wss://example/x?y=z", token: "t" },
    });
    expect(requestBody()).toEqual({ ...command, interactive: true });
  });

  it.each([
    ["TargetNotConnectedException", "The execute command failed due to an internal error. Try again later."],
    [
      "InvalidParameterException",
      "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again.",
    ],
  ])("reports an agent that is not connected: %s", async (name, message) => {
    const ecs = await startEndpoint(() => exception(name, message));
    expect(await ecs.executeCommand(command)).toEqual({
      notConnected: `${name}: ${message}`,
      throttled: false,
    });
  });

  it("reports that an earlier try was throttled", async () => {
    const ecs = await startEndpoint((_, count) =>
      count === 1
        ? exception("ThrottlingException", "Rate exceeded")
        : exception("TargetNotConnectedException", "later"),
    );
    expect(await ecs.executeCommand(command)).toMatchObject({ throttled: true });
  });

  it("fails at once for any other refusal", async () => {
    const ecs = await startEndpoint(() =>
      exception("InvalidParameterException", "Interactive is the only mode supported currently."),
    );
    await expect(ecs.executeCommand(command)).rejects.toMatchObject({
      code: "aws-error",
      failed: `ecs:ExecuteCommand on container 'app' of task '${arn}' failed.`,
    });
    expect(open?.received).toHaveLength(1);
  });
});

it("counts a task that is gone as stopped", async () => {
  const ecs = await startEndpoint(() =>
    exception("InvalidParameterException", "The referenced task was not found."),
  );
  await expect(ecs.stopTask("ci", arn, "done")).resolves.toBeUndefined();
});

// Several jobs may share a definition, and the last of them deletes it.
it.each([
  ["an inactive", "The specified task definition is inactive. Specify an active one."],
  ["a deleted", "Unable to describe task definition."],
])("counts %s task definition as deregistered", async (_, words) => {
  const ecs = await startEndpoint(() => exception("ClientException", words));
  await expect(ecs.deregisterTaskDefinition("arn:x")).resolves.toBeUndefined();
});

it("deletes one task definition", async () => {
  const ecs = await startEndpoint(() => ({ body: { taskDefinitions: [], failures: [] } }));
  await ecs.deleteTaskDefinition("arn:x");
  expect(requestBody()).toEqual({ taskDefinitions: ["arn:x"] });
});

it("registers a task definition as it was given", async () => {
  const definition = { family: "web", containerDefinitions: [{ name: "app", entryPoint: ["sh", "-c"] }] };
  const ecs = await startEndpoint(() => ({
    body: { taskDefinition: { taskDefinitionArn: "arn:x/web:1", ...definition } },
  }));
  const registered = await ecs.registerTaskDefinition(definition);
  expect(requestBody()).toEqual(definition);
  expect(registered).toMatchObject({
    arn: "arn:x/web:1",
    containers: [{ essential: true, entryPoint: ["sh", "-c"] }],
  });
});

it("reports that a registration was tried more than once, since each try may have made a revision", async () => {
  const registered = { body: { taskDefinition: { taskDefinitionArn: "arn:x/web:2", family: "web" } } };
  const lost = { status: 500, body: { __type: "ServerException" } };
  const ecs = await startEndpoint((_, count) => (count === 1 ? lost : registered));
  expect(await ecs.registerTaskDefinition({ family: "web" })).toMatchObject({ repeated: true });
  expect(await ecs.registerTaskDefinition({ family: "web" })).not.toHaveProperty("repeated");
});

describe("the protection of a task", () => {
  it.each([
    [
      { protectedTasks: [{ taskArn: arn, protectionEnabled: true, expirationDate: 1700000000.553 }] },
      { kind: "protection", until: 1700000000553 },
    ],
    [
      { protectedTasks: [{ taskArn: arn, protectionEnabled: false }] },
      { kind: "protection", until: undefined },
    ],
    [{ failures: [{ arn, reason: "TASK_NOT_VALID" }] }, { kind: "no-task-of-a-service" }],
    [{ failures: [{ arn, reason: "MISSING" }] }, { kind: "no-task-of-a-service" }],
    [
      { failures: [{ arn, reason: "DEPLOYMENT_BLOCKED", detail: "too many" }] },
      { kind: "refused", why: "DEPLOYMENT_BLOCKED: too many" },
    ],
  ])("is read from %j", async (body, answer) => {
    const ecs = await startEndpoint(() => ({ body }));
    expect(await ecs.getTaskProtection("ci", arn)).toEqual(answer);
    expect(await ecs.updateTaskProtection({ cluster: "ci", task: arn, minutes: 6 })).toEqual(answer);
  });

  it("is set for minutes, or ended", async () => {
    const ecs = await startEndpoint(() => ({ body: {} }));
    await ecs.updateTaskProtection({ cluster: "ci", task: arn, minutes: 6 });
    await ecs.updateTaskProtection({ cluster: "ci", task: arn, minutes: undefined });
    const of = { cluster: "ci", tasks: [arn] };
    expect(requestBody(0)).toEqual({ ...of, protectionEnabled: true, expiresInMinutes: 6 });
    expect(requestBody(1)).toEqual({ ...of, protectionEnabled: false });
  });

  it("is asked for until the caller's time is over", async () => {
    const late = new AbortController();
    const ecs = await startEndpoint(() => {
      late.abort(new Error("no more time"));
      return { status: 503, body: {} };
    });
    const request = { cluster: "ci", task: arn, minutes: undefined };
    await expect(ecs.updateTaskProtection(request, late.signal)).rejects.toThrow("no more time");
    expect(open?.received).toHaveLength(1);
  });
});

it("lists the members of a task definition that this SDK does not know, at any depth", async () => {
  const ecs = await startEndpoint(() => ({
    body: {
      taskDefinition: {
        ...{ taskDefinitionArn: "arn:aws:ecs:x:1:task-definition/web:3", family: "web", status: "ACTIVE" },
        initContainers: [{ name: "miner" }],
        containerDefinitions: [{ name: "app", image: "example/app:1", sidecarOf: "x" }],
      },
    },
  }));
  const found = await ecs.describeTaskDefinition("web");
  expect(found.unread).toEqual(["initContainers", "containerDefinitions[0].sidecarOf"]);
  expect(found.containers).toMatchObject([{ name: "app", image: "example/app:1" }]);
});
