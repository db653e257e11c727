import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunTask } from "../../src/aws/ecs.ts";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import type { Where } from "../../src/inputs/inputs.ts";
import { resolveTarget, type ResolveContext } from "../../src/target/resolve.ts";
import type { Undo } from "../../src/target/undo.ts";
import { Listener } from "../helpers/stepped.ts";
import { aContainer, aDefinition, aTask, CLUSTER, ID, TASK } from "../helpers/tasks.ts";

/** What was asked of ECS and what was reported, in order. */
let events: unknown[];
let log: Listener;
beforeEach(() => {
  events = [];
  log = new Listener();
});

const web: Where = {
  kind: "task-definition",
  taskDefinition: "web",
  start: {
    ...{ subnets: ["subnet-1"], securityGroups: [], assignPublicIp: undefined, platformVersion: undefined },
    ...{ cpu: undefined, memory: undefined, ephemeralStorage: undefined, taskRole: undefined },
    ...{ executionRole: undefined, tags: {}, overrides: {}, hold: true, keepTask: "never" },
  },
};

function context(where: Where, ecs: Partial<ResolveContext["ecs"]>, container?: string): ResolveContext {
  const unasked = (name: string) => () => Promise.reject(new Error(`${name} was asked`));
  const names = ["describeTask", "describeTasks", "listTasks", "describeService"] as const;
  const more = ["describeTaskDefinition", "registerTaskDefinition", "runTask"] as const;
  const all = Object.fromEntries([...names, ...more].map((name) => [name, unasked(name)]));
  return {
    inputs: { cluster: "ci", where, container, region: "eu-central-1", timeout: 60_000 },
    ecs: { ...(all as unknown as ResolveContext["ecs"]), ...ecs },
    log,
    origin: {
      id: "a1",
      repository: "example/web",
      runId: "17",
      runAttempt: "1",
      url: "https://example.com/17",
    },
    workspace: "/nowhere",
    onUndo: (undo: readonly Undo[]) => events.push(undo),
  };
}
const two = [aContainer({ name: "log" }), aContainer({ name: "app" })];
const target = {
  clusterArn: CLUSTER,
  clusterName: "ci",
  taskArn: TASK,
  taskId: ID,
  container: "app",
  started: false,
  cpuUnits: 1024,
  privateIp: "10.0.0.7",
};
const unreachable = new Failure("aws-unreachable", { failed: "", seen: "", advice: "" });
const denied = new Failure("access-denied", { failed: "Access denied.", seen: "", advice: "" });

describe("a named task", () => {
  const named = { kind: "task", task: ID } as const;
  const found = (task: Task | undefined) => ({ describeTask: () => Promise.resolve(task) });

  it("is the target, in its only container", async () => {
    expect(await resolveTarget(context(named, found(aTask())))).toEqual(target);
  });

  it("of several containers is entered in the first essential one", async () => {
    const definition = aDefinition([{ name: "log", essential: false }, { name: "app" }]);
    const ecs = {
      ...found(aTask({ containers: two })),
      describeTaskDefinition: () => Promise.resolve(definition),
    };
    expect(await resolveTarget(context(named, ecs))).toEqual(target);
  });

  it("asks for a container where the task definition may not be read", async () => {
    const ecs = {
      ...found(aTask({ containers: two })),
      describeTaskDefinition: () => Promise.reject(denied),
    };
    await expect(resolveTarget(context(named, ecs))).rejects.toMatchObject({
      code: "container-ambiguous",
      seen: expect.stringContaining("Access denied.") as string,
    });
  });

  it("that is not there is named", async () => {
    await expect(resolveTarget(context(named, found(undefined)))).rejects.toMatchObject({
      code: "task-not-found",
      failed: `There is no task '${ID}' in cluster 'ci'.`,
    });
  });
});

describe("a service", () => {
  const service = { kind: "service", service: "web" } as const;
  const having = (...tasks: Task[]) => ({
    listTasks: () => Promise.resolve(tasks.map(({ arn }) => arn)),
    describeTasks: () => Promise.resolve(tasks),
  });

  it("gives its best task, and says so", async () => {
    const worse = aTask({ arn: "x", healthStatus: "UNHEALTHY" });
    expect(await resolveTarget(context(service, having(worse, aTask())))).toEqual(target);
    expect(log.lines).toEqual([`Service 'web' has 2 tasks; taking ${ID}.`]);
  });

  it("without a task tells its counts and its last event", async () => {
    const described = {
      ...{ arn: "", name: "web", status: "ACTIVE", taskDefinitionArn: "", enableExecuteCommand: true },
      ...{ desiredCount: 1, runningCount: 0, pendingCount: 0, events: ["unable to place a task.", "older"] },
    };
    const ecs = { ...having(), describeService: () => Promise.resolve(described) };
    await expect(resolveTarget(context(service, ecs))).rejects.toMatchObject({
      code: "no-running-task",
      seen: "Desired 1, running 0, pending 0. Last event: unable to place a task.",
    });
  });
});

describe("a new task", () => {
  const startedBy = "fargate-exec/a1/17-1/example/web";
  const begun = { kind: "task", cluster: "ci", startedBy, taskArn: undefined };
  const ecs = (answer: () => ReturnType<ResolveContext["ecs"]["runTask"]>) => ({
    describeTaskDefinition: () => Promise.resolve(aDefinition()),
    runTask: (request: RunTask) => {
      events.push(`RunTask ${request.startedBy}`);
      return answer();
    },
  });

  it("is reported before it is started, and again when its ARN is known", async () => {
    const calls = ecs(() => Promise.resolve({ task: aTask() }));
    expect(await resolveTarget(context(web, calls))).toEqual({ ...target, started: true });
    expect(events).toEqual([[begun], `RunTask ${startedBy}`, [{ ...begun, taskArn: TASK }]]);
    expect(log.lines).toEqual([`Started task ${ID} of web:3.`]);
  });

  it("that AWS refused has not to be undone", async () => {
    await expect(
      resolveTarget(
        context(
          web,
          ecs(() => Promise.reject(denied)),
        ),
      ),
    ).rejects.toBe(denied);
    expect(events.at(-1)).toEqual([]);
  });

  it.each([
    ["AWS was not heard", unreachable],
    ["the run was cancelled", new Error("cancelled")],
  ])("that may have started when %s is still to be undone", async (_, error) => {
    await expect(
      resolveTarget(
        context(
          web,
          ecs(() => Promise.reject(error)),
        ),
      ),
    ).rejects.toBe(error);
    expect(events.at(-1)).toEqual(`RunTask ${startedBy}`);
  });

  it("is not begun without subnets", async () => {
    const where = { ...web, start: { ...web.start, subnets: [] } };
    await expect(resolveTarget(context(where, {}))).rejects.toMatchObject({ code: "network-required" });
    expect(events).toEqual([]);
  });

  it("from a file is of a definition that is registered first, and to be undone as well", async () => {
    const workspace = await mkdtemp(join(tmpdir(), "resolve-"));
    await writeFile(join(workspace, "web.json"), JSON.stringify({ family: "web", containerDefinitions: [] }));
    const calls = {
      ...ecs(() => Promise.resolve({ task: aTask() })),
      registerTaskDefinition: () => Promise.resolve(aDefinition()),
    };
    const where = { ...web, taskDefinition: "web.json" };
    await resolveTarget({ ...context(where, calls), workspace });
    await rm(workspace, { recursive: true });
    const registered = { kind: "task-definition", arn: aDefinition().arn };
    expect(events).toEqual([
      [registered],
      [registered, begun],
      `RunTask ${startedBy}`,
      [registered, { ...begun, taskArn: TASK }],
    ]);
  });
});
