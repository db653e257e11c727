import {
  DescribeCapacityProvidersCommand,
  DescribeTasksCommand,
  ExecuteCommandCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type DescribeTasksCommandOutput,
  type Task as DescribedTask,
} from "@aws-sdk/client-ecs";
import type { Task } from "../../../local/task/task.ts";
import { until } from "../../helpers/until.ts";
import { waitForStatus, runTask, startWorld, type World } from "../with-local.ts";

const unknownTask = "0".repeat(32);
let world: World;

beforeAll(async () => {
  world = await startWorld({ delays: { agent: 50, connect: 150 } });
});

afterAll(async () => {
  await world.local.stop();
});

async function describeTask(task: Task, include?: "TAGS"[]): Promise<DescribedTask> {
  const answer: DescribeTasksCommandOutput = await world.ecs.send(
    new DescribeTasksCommand({ cluster: world.made.cluster, tasks: [task.arn], ...(include && { include }) }),
  );
  const [found] = answer.tasks ?? [];
  if (found === undefined) throw new Error("not described");
  return found;
}

describe("a task's lifecycle", () => {
  it("has ECS's statuses in order when its command ends", async () => {
    const task = await runTask(world, "sleep 0.3; exit 7");
    await task.ended;
    expect(task.history).toEqual([
      "PROVISIONING",
      "PENDING",
      "ACTIVATING",
      "RUNNING",
      "DEACTIVATING",
      "STOPPING",
      "DEPROVISIONING",
      "STOPPED",
    ]);
    const seen = await describeTask(task);
    expect(seen).toMatchObject({
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      containers: [{ name: "app", lastStatus: "STOPPED", exitCode: 7 }],
    });
    const began = [seen.createdAt, seen.pullStartedAt, seen.pullStoppedAt, seen.startedAt];
    const times = [...began, seen.stoppingAt, seen.executionStoppedAt, seen.stoppedAt].map(Number);
    expect(times).not.toContainEqual(NaN);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("ends the command by SIGTERM", async () => {
    const task = await runTask(world, "trap 'exit 9' TERM; while :; do sleep 0.05; done");
    await waitForStatus(task, "RUNNING");
    await world.ecs.send(
      new StopTaskCommand({ cluster: world.made.cluster, task: task.id, reason: "enough" }),
    );
    await task.ended;
    expect(await describeTask(task)).toMatchObject({
      stopCode: "UserInitiated",
      stoppedReason: "enough",
      containers: [{ exitCode: 9 }],
    });
  });

  it("kills a command that ignores SIGTERM, with status 137", async () => {
    const task = await runTask(world, "trap '' TERM; while :; do sleep 0.05; done");
    await waitForStatus(task, "RUNNING");
    await world.ecs.send(new StopTaskCommand({ cluster: world.made.cluster, task: task.arn }));
    await task.ended;
    expect(await describeTask(task)).toMatchObject({
      stoppedReason: "Task stopped by user",
      containers: [{ exitCode: 137 }],
    });
  });

  it("ends before it runs when the command does not exist", async () => {
    const task = await runTask(world, "", {
      overrides: { containerOverrides: [{ name: "app", command: ["no-such-program"] }] },
    });
    await task.ended;
    const seen = await describeTask(task);
    expect(seen.stopCode).toBe("TaskFailedToStart");
    expect(seen.containers?.[0]?.reason).toMatch(
      /^CannotStartContainerError: .*executable file not found in \$PATH/,
    );
    expect(task.history).not.toContain("RUNNING");
  });

  it("starts no container behind one whose command does not exist", async () => {
    const task = await runTask(world, "", {
      taskDefinition: world.made.twoContainers,
      overrides: { containerOverrides: [{ name: "app", command: ["no-such-program"] }] },
    });
    await task.ended;
    const { stopCode, containers = [] } = await describeTask(task);
    expect([stopCode, containers.map(({ name, exitCode }) => [name, exitCode])]).toEqual([
      "TaskFailedToStart",
      [
        ["app", undefined],
        ["sidecar", undefined],
      ],
    ]);
  });

  it("goes on when a container that is not essential ends, and isolates both containers from each other", async () => {
    const task = await runTask(world, "exec sleep 600", {
      taskDefinition: world.made.twoContainers,
      overrides: { containerOverrides: [{ name: "sidecar", command: ["true"] }] },
    });
    await waitForStatus(task, "RUNNING");
    await until(() => task.containers[1]?.lastStatus === "STOPPED");
    expect(await describeTask(task)).toMatchObject({
      desiredStatus: "RUNNING",
      containers: [
        { name: "app", lastStatus: "RUNNING" },
        { name: "sidecar", exitCode: 0 },
      ],
    });
    expect(task.containers[0]?.processes().map(({ command }) => command)).not.toContain("true");
    task.stop("UserInitiated", "test");
    await task.ended;
  });
});

describe("RunTask", () => {
  it("records its parameters, and describes tags only when asked", async () => {
    const task = await runTask(world, undefined, {
      startedBy: "somebody",
      group: "a-group",
      tags: [{ key: "team", value: "example" }],
      overrides: { cpu: "1024", memory: "2048" },
      enableExecuteCommand: true,
    });
    const seen = await describeTask(task);
    expect(seen).toMatchObject({
      startedBy: "somebody",
      group: "a-group",
      cpu: "1024",
      memory: "2048",
      tags: [],
    });
    expect((await describeTask(task, ["TAGS"])).tags).toEqual([{ key: "team", value: "example" }]);
    task.stop("UserInitiated", "test");
  });

  it("starts as many tasks as `count` says", async () => {
    const before = world.local.tasks.length;
    await runTask(world, "true", { count: 3 });
    expect(world.local.tasks.length).toBe(before + 3);
  });

  it("starts nothing again for a known client token, and refuses the token for another request", async () => {
    const first = await runTask(world, "true", { clientToken: "one" });
    const again = await runTask(world, "true", { clientToken: "one" });
    expect(again.arn).toBe(first.arn);
    await expect(runTask(world, "false", { clientToken: "one" })).rejects.toMatchObject({
      name: "ConflictException",
      resourceIds: [first.arn],
    });
  });

  it.each([
    ["an unknown cluster", { cluster: "nowhere" }, "ClusterNotFoundException", "Cluster not found."],
    ["an unknown family", { taskDefinition: "nothing" }, "ClientException", "TaskDefinition not found."],
    [
      "no network",
      { networkConfiguration: undefined },
      "InvalidParameterException",
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      "an override of an unknown container",
      { overrides: { containerOverrides: [{ name: "web" }] } },
      "InvalidParameterException",
      "Override for container named web is not a container in the TaskDefinition.",
    ],
    [
      "exec without a task role",
      { taskDefinition: "demo-no-role", enableExecuteCommand: true },
      "InvalidParameterException",
      "The execute command failed because a valid task role is not being used. Specify a valid task role in your task definition or as a task override and try again.",
    ],
  ])("refuses %s", async (_name, more, name, message) => {
    await expect(runTask(world, undefined, more as object)).rejects.toMatchObject({ name, message });
  });
});

describe("ListTasks and DescribeTasks", () => {
  it("filter by starter, family and status, and page", async () => {
    await runTask(world, undefined, { startedBy: "lister", count: 3 });
    const tasks = world.local.tasks.slice(-3);
    const list = async (more: object): Promise<{ taskArns?: string[]; nextToken?: string | undefined }> =>
      (await world.ecs.send(new ListTasksCommand({ cluster: world.made.cluster, ...more }))) as object;
    const arns = tasks.map(({ arn }) => arn);
    expect((await list({ startedBy: "lister" })).taskArns).toEqual(arns);
    expect((await list({ startedBy: "lister", family: "other" })).taskArns).toEqual([]);
    const page = await list({ startedBy: "lister", maxResults: 2 });
    expect(page.taskArns).toEqual(arns.slice(0, 2));
    expect((await list({ startedBy: "lister", nextToken: page.nextToken })).taskArns).toEqual(arns.slice(2));
    for (const task of tasks) task.stop("UserInitiated", "test");
    await Promise.all(tasks.map(({ ended }) => ended));
    expect((await list({ startedBy: "lister" })).taskArns).toEqual([]);
    expect((await list({ startedBy: "lister", desiredStatus: "STOPPED" })).taskArns).toEqual(arns);
  });

  it("call an unknown task MISSING", async () => {
    const { cluster } = world.made;
    const answer = await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [unknownTask] }));
    const arn = `arn:aws:ecs:us-east-1:123456789012:task/demo/${unknownTask}`;
    expect(answer.failures).toEqual([{ arn, reason: "MISSING" }]);
  });

  it.each([
    ["no tasks", [], "Tasks cannot be empty."],
    ["over a hundred", Array<string>(101).fill(unknownTask), "Tasks cannot be more than 100."],
    ["what is no id", ["abc"], "taskId length should be one of [32,36]"],
    [
      "a task of another cluster",
      [`arn:aws:ecs:us-east-1:123456789012:task/other/${unknownTask}`],
      "Invalid identifier: Identifier is for cluster other. Your cluster is demo",
    ],
  ])("refuse %s", async (_name, tasks, message) => {
    const call = world.ecs.send(new DescribeTasksCommand({ cluster: "demo", tasks }));
    await expect(call).rejects.toMatchObject({ name: "InvalidParameterException", message });
  });
});

describe("ExecuteCommand", () => {
  const notEnabled =
    /^The execute command failed because execute command was not enabled when the task was run/;

  async function execute(task: Task | string, more: object = {}): Promise<object> {
    const id = typeof task === "string" ? task : task.arn;
    const input = { cluster: "demo", task: id, command: "/bin/true", interactive: true, ...more };
    return await world.ecs.send(new ExecuteCommandCommand(input));
  }

  it("answers not enabled, then not connected, then with a session, while the agent starts", async () => {
    const task = await runTask(world, undefined, { enableExecuteCommand: true });
    const agent = task.agents.get(task.containers[0] as never);
    await waitForStatus(task, "RUNNING");
    await until(() => agent?.lastStatus === "RUNNING");
    await expect(execute(task)).rejects.toMatchObject({
      name: "TargetNotConnectedException",
      message: "The execute command failed due to an internal error. Try again later.",
    });
    await until(() => agent?.connected !== undefined);
    const answer = await execute(task);
    expect(answer).toMatchObject({ containerName: "app", interactive: true, taskArn: task.arn });
    expect(answer).toHaveProperty(
      "session.streamUrl",
      expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/data-channel\//),
    );
    task.stop("UserInitiated", "test");
    await task.ended;
    await expect(execute(task)).rejects.toThrow(notEnabled);
  });

  it("is refused for a task without ECS Exec", async () => {
    const task = await runTask(world);
    await waitForStatus(task, "RUNNING");
    await expect(execute(task)).rejects.toThrow(notEnabled);
    task.stop("UserInitiated", "test");
  });

  it.each([
    ["without interaction", { interactive: false }, "Interactive is the only mode supported currently."],
    ["for what is no id", { task: "abc" }, "task length should be one of [32,36]"],
    ["for a task that is not there", {}, "The referenced task was not found."],
  ])("is refused %s", async (_name, more, message) => {
    await expect(execute(unknownTask, more)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message,
    });
  });
});

describe("a fault", () => {
  it("hits as many calls as it was ordered for", async () => {
    world.local.fail({
      operation: "ListTasks",
      code: "AccessDeniedException",
      message: "not allowed",
      times: 2,
    });
    const list = () => world.ecs.send(new ListTasksCommand({ cluster: "demo" }));
    await expect(list()).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(list()).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(list()).resolves.toBeDefined();
  });
});

describe("the record of calls", () => {
  it("has service, operation and body", async () => {
    const count = world.local.requests.length;
    await world.ecs
      .send(new RunTaskCommand({ cluster: "nowhere", taskDefinition: "x" }))
      .catch(() => undefined);
    expect(world.local.requests.slice(count)).toMatchObject([
      { service: "ecs", operation: "RunTask", body: { cluster: "nowhere", taskDefinition: "x" } },
    ]);
  });
});

it("a running task's tags are set, changed, removed and listed", async () => {
  const task = await runTask(world, undefined, { tags: [{ key: "team", value: "shop" }] });
  const resourceArn = task.arn;
  const of = [
    { key: "team", value: "ops" },
    { key: "stage", value: "test" },
  ];
  await world.ecs.send(new TagResourceCommand({ resourceArn, tags: of }));
  expect((await describeTask(task, ["TAGS"])).tags).toEqual(of);
  await world.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ["team"] }));
  const { tags } = await world.ecs.send(new ListTagsForResourceCommand({ resourceArn }));
  expect(tags).toEqual([{ key: "stage", value: "test" }]);
  const none = new ListTagsForResourceCommand({ resourceArn: task.arn.replace(task.id, unknownTask) });
  await expect(world.ecs.send(none)).rejects.toMatchObject({ name: "InvalidParameterException" });
});

it("every account has Fargate's capacity providers", async () => {
  const { capacityProviders = [] } = await world.ecs.send(new DescribeCapacityProvidersCommand({}));
  expect(capacityProviders.map(({ name, status }) => [name, status])).toEqual([
    ["FARGATE", "ACTIVE"],
    ["FARGATE_SPOT", "ACTIVE"],
  ]);
});

it("RunTask takes a capacity provider only when it is associated with the cluster", async () => {
  const capacityProviderStrategy = [{ capacityProvider: "FARGATE_SPOT" }];
  const elsewhere = runTask(world, "true", { cluster: world.made.loggedCluster, capacityProviderStrategy });
  await expect(elsewhere).rejects.toMatchObject({
    name: "InvalidParameterException",
    message: expect.stringContaining("not associated with the cluster") as string,
  });
  const task = await runTask(world, "true", { capacityProviderStrategy });
  expect(task.plan.capacityProvider).toEqual({ capacityProvider: "FARGATE_SPOT" });
});

it("a call that moto can't answer fails at once, by a name that is not AWS's", async () => {
  const resourceArn = "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/0";
  const call = world.ecs.send(new ListTagsForResourceCommand({ resourceArn }));
  await expect(call).rejects.toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
});
