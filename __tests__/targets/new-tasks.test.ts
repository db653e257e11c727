import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readUsersFile } from "../../src/inputs/beneath/users-paths.ts";
import type { TaskDefinition } from "../../src/aws/task-definition.ts";
import type { RunTaskRequest, Service } from "../../src/aws/ecs.ts";
import { taskDefinitionNotFound } from "../../src/aws/missing.ts";
import type { Task } from "../../src/aws/task.ts";
import { NoCapacity } from "../../src/aws/ecs-failures.ts";
import { Failure } from "../../src/errors.ts";
import type { NewTasks } from "../../src/inputs/inputs.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { stuckAfter } from "../../src/targets/candidates.ts";
import { findNextTarget } from "../../src/targets/next-attempt.ts";
import { findReplacement } from "../../src/targets/replacement.ts";
import type { LaterTargets } from "../../src/targets/job-targets.ts";
import { resolveTargets } from "../../src/targets/resolve.ts";
import { makeImageDefinition } from "../../src/targets/definitions/image.ts";
import type { ResolveContext } from "../../src/targets/resolve-context.ts";
import { startedBy } from "../../src/targets/start/run-task-request.ts";
import type { Target } from "../../src/targets/target.ts";
import { resolveContextOf, target } from "../helpers/resolving.ts";
import { Definitions } from "../helpers/definitions.ts";
import { aService, BIG_MACHINES, origin, SPOT, startInputs } from "../helpers/start-inputs.ts";
import { aDefinition, aTask, ID, TASK } from "../helpers/tasks.ts";
import { Changes } from "../helpers/until.ts";

const failure = (code: Failure["code"]) => new Failure(code, { failed: "", seen: "", advice: "" });
const by = startedBy(origin);
const begun = { kind: "task", cluster: "ci", startedBy: by, taskArn: undefined };
const arn = (n: number): string => (n === 1 ? TASK : `${TASK.slice(0, -1)}${n - 2}`);

function definitionArn(revision: number): string {
  return `arn:aws:ecs:eu-central-1:123456789012:task-definition/web:${revision}`;
}

const web: NewTasks = {
  kind: "new",
  of: { kind: "task-definition", taskDefinition: "web" },
  service: undefined,
  tasks: 1,
  start: startInputs(),
};

/** Resolves `where`. ECS starts all tasks that it is asked for, unless `failures` has an error for the call. */
function startTasks(
  where: NewTasks,
  more: Partial<ResolveContext["ecs"]> = {},
  failures: readonly (Error | undefined)[] = [],
  workspace = "/nowhere",
  cluster = "ci",
  tasksAtFirst?: number,
) {
  const requests: RunTaskRequest[] = [];
  const asked: string[] = [];
  let started = 0;
  const context = resolveContextOf(
    where,
    {
      describeTaskDefinition: (name) => {
        asked.push(name);
        return Promise.resolve(aDefinition([{ entryPoint: ["sh", "-c"] }]));
      },
      runTask: (request) => {
        requests.push(request);
        context.events.push(`RunTask ${request.startedBy}`);
        const error = failures[requests.length - 1];
        if (error !== undefined) return Promise.reject(error);
        const tasks: Task[] = Array.from({ length: request.count }, () => aTask({ arn: arn(++started) }));
        return Promise.resolve({ tasks, refusals: [] });
      },
      ...more,
    },
    { readFile: (path) => readUsersFile(path, workspace) },
  );
  const inputs = { ...context.inputs, cluster };
  return { context, requests, asked, resolved: resolveTargets({ ...context, inputs, tasksAtFirst }) };
}

it.each([
  ["a family gets a newer revision", web, "web"],
  [
    "a service gets a newer definition",
    { ...web, of: { kind: "service" }, service: "web" },
    definitionArn(3),
  ],
] as const)("a task is of the revision that was looked at when %s before RunTask", async (_, where, name) => {
  let looks = 0;
  const asked: string[] = [];
  const { requests, resolved } = startTasks(where, {
    describeService: () => Promise.resolve(aService({ taskDefinitionArn: definitionArn(3 + looks++) })),
    describeTaskDefinition: (of) => {
      asked.push(of);
      const revision = of === "web" ? 2 + asked.length : Number(of.split(":").at(-1));
      return Promise.resolve({
        ...aDefinition([{ entryPoint: ["sh", "-c"] }]),
        arn: definitionArn(revision),
      });
    },
  });
  await resolved;
  expect([asked, requests.map(({ taskDefinition }) => taskDefinition)]).toEqual([[name], [definitionArn(3)]]);
});

it("a new task is reported before it is started, and again when its ARN is known", async () => {
  const { context, resolved } = startTasks(web);
  expect((await resolved).targets).toEqual([
    { ...target, started: true, hold: { by: "entry-point" }, revision: definitionArn(3) },
  ]);
  const known = { ...begun, taskArn: TASK };
  expect(context.events).toEqual([[begun], `RunTask ${by}`, [known, begun], [known]]);
  expect(context.log.lines).toEqual([`Started task ${ID} of web:3.`]);
});

it.each<[string, NewTasks["of"]]>([
  ["held", { kind: "task-definition", taskDefinition: "shop:1" }],
  [
    "with another image",
    {
      ...{ kind: "image-in-definition", image: "shop:new" },
      of: { kind: "task-definition", taskDefinition: "shop:1" },
    },
  ],
])(
  "the target names the user's revision of which a copy is %s, and equal revisions share the copy",
  async (_, of) => {
    const known = new Definitions();
    const shop = {
      family: "shop",
      containerDefinitions: [{ name: "app", image: "shop", entryPoint: ["/shop"] }],
    };
    for (let revision = 1; revision <= 2; revision += 1) await known.registerTaskDefinition(shop);
    const { describeTaskDefinition, registerTaskDefinition } = known;
    const start = async (revision: string): Promise<readonly [string | undefined, string | undefined]> => {
      const named = JSON.parse(JSON.stringify(of).replace("shop:1", revision)) as NewTasks["of"];
      const ecs = { describeTaskDefinition, registerTaskDefinition };
      const { requests, resolved } = startTasks({ ...web, of: named }, ecs);
      const [{ revision: found }] = (await resolved).targets;
      return [found, requests[0]?.taskDefinition];
    };
    const [[one, copy], [other, sameCopy]] = [await start("shop:1"), await start("shop:2")];
    const arn = definitionArn(1).replace("web", "shop");
    expect([one, other]).toEqual([arn, arn.replace(/1$/, "2")]);
    expect(copy).toMatch(/fargate-exec-/);
    expect(sameCopy).toBe(copy);
  },
);

/** Asks for this many of the tasks that come later. */
function nextOf(later: LaterTargets | undefined, count: number): ReturnType<LaterTargets["next"]>[] {
  if (later === undefined) throw new Error("no task comes later");
  return Array.from({ length: count }, () => later.next());
}

it("of several new tasks only those that are needed at first are started, and the others when they are asked for", async () => {
  const { requests, resolved } = startTasks({ ...web, tasks: 6 }, {}, [], "/nowhere", "ci", 2);
  const { targets, later } = await resolved;
  expect([targets.length, later?.count, later?.atOnce]).toEqual([2, 4, 6]);
  expect(requests.map(({ count }) => count)).toEqual([2]);
  const others = await Promise.all(nextOf(later, 4));
  expect(requests.map(({ count }) => count)).toEqual([2, 1, 1, 1, 1]);
  expect(new Set([...targets, ...others.map((each) => each.target)].map(({ taskArn }) => taskArn)).size).toBe(
    6,
  );
  await later?.close();
});

it("those of several new tasks that come after the first ten come while jobs run in these ten", async () => {
  const { requests, resolved, context } = startTasks({ ...web, tasks: 12 });
  const { targets, later } = await resolved;
  expect([targets.length, later?.count, later?.atOnce]).toEqual([10, 2, 12]);
  const others = [await later?.next(), await later?.next()].map((found) => found?.target);
  expect(new Set([...targets, ...others].map((each) => each?.taskArn)).size).toBe(12);
  expect(requests.map(({ count }) => count)).toEqual([10, 2]);
  expect(new Set(requests.map(({ clientToken }) => clientToken)).size).toBe(2);
  await later?.close();
  expect(context.events.at(-1)).toHaveLength(12);
});

describe("of many new tasks, after the first ten", () => {
  const many = { ...web, tasks: 22 };
  const shortage = new NoCapacity({ failed: "", seen: "Capacity is unavailable." });

  it("a refusal for want of capacity is tried again", async () => {
    const { requests, resolved, context } = startTasks(many, {}, [undefined, shortage, undefined, shortage]);
    const { later } = await resolved;
    const others = await Promise.all(nextOf(later, 12));
    expect(new Set(others.map(({ target: { taskArn } }) => taskArn)).size).toBe(12);
    expect(requests.map(({ count }) => count)).toEqual([10, 10, 2, 10, 10]);
    expect(context.log.lines.filter((line) => line.includes("trying again"))).toHaveLength(2);
  });

  it("any other refusal is the failure of those that are missing, and one warning says so", async () => {
    const denied = failure("access-denied");
    const { resolved, context } = startTasks(many, {}, [undefined, undefined, denied]);
    const { later } = await resolved;
    const others = await Promise.allSettled(nextOf(later, 12));
    expect(others.map(({ status }) => status === "fulfilled")).toEqual([
      ...Array<boolean>(10).fill(true),
      ...[false, false],
    ]);
    expect(others.at(-1)).toMatchObject({ reason: denied });
    await later?.close();
    const warnings = context.log.lines.filter((line) => line.startsWith("warning"));
    expect(warnings).toEqual([expect.stringContaining("2 of 22 tasks were not started.")]);
  });

  it("no task is asked for any more once none is wanted", async () => {
    const { requests, resolved, context } = startTasks({ ...web, tasks: 200 });
    const { later } = await resolved;
    await later?.close();
    await expect(later?.next()).resolves.toBeDefined();
    const asked = requests.length;
    await new Promise(setImmediate);
    expect([requests.length, asked < 20]).toEqual([asked, true]);
    expect(context.log.lines.filter((line) => line.startsWith("warning"))).toEqual([]);
  });
});

it("a task that an answer names is to be undone at once, whatever becomes of earlier calls that are under way", async () => {
  const cancelled = failure("cancelled");
  const answers: ((error?: Error) => void)[] = [];
  const allUnderWay = new Changes();
  let started = 0;
  const { context, resolved } = startTasks(
    { ...web, tasks: 100 },
    {
      runTask: async ({ count }) => {
        const first = (started += count) - count;
        await new Promise<void>((resolve, reject) => {
          answers.push((error) => (error ? reject(error) : resolve()));
          allUnderWay.notify();
        });
        const tasks = Array.from({ length: count }, (_, i) => aTask({ arn: `${TASK}-${first + i}` }));
        return { tasks, refusals: [] };
      },
    },
  );
  await allUnderWay.until(
    () => answers.length === 1,
    () => "a first call",
  );
  answers[0]?.();
  const { later } = await resolved;
  await allUnderWay.until(
    () => answers.length === 5,
    () => "four more calls",
  );
  void later?.close();
  for (const last of [3, 4, 2]) answers[last]?.();
  await new Promise(setImmediate);
  const madeBefore = context.events.at(-1);
  answers[1]?.(cancelled);
  await later?.close();
  for (const made of [madeBefore, context.events.at(-1)]) {
    expect(made).toHaveLength(41);
    expect(made).toEqual(expect.arrayContaining([begun, expect.objectContaining({ taskArn: `${TASK}-49` })]));
  }
  expect(answers).toHaveLength(5);
});

it("a new task that AWS refused need not be undone", async () => {
  const { context, resolved } = startTasks(web, {}, [failure("access-denied")]);
  await expect(resolved).rejects.toMatchObject({ code: "access-denied" });
  expect(context.events.at(-1)).toEqual([]);
});

it.each([
  ["AWS was not heard", failure("aws-unreachable")],
  ["the run was cancelled", failure("cancelled")],
  ["something else broke", new Error("broken")],
])("a new task that may have started is still to be undone when %s", async (_, error) => {
  const { context, resolved } = startTasks(web, {}, [error]);
  await expect(resolved).rejects.toBe(error);
  expect(context.events).toEqual([[begun], `RunTask ${by}`]);
});

it("a new task is not begun without subnets", async () => {
  const { context, resolved } = startTasks({ ...web, start: startInputs({ subnets: [] }) });
  await expect(resolved).rejects.toMatchObject({ code: "network-required" });
  expect(context.events).toEqual([]);
});

it("a new task from a file has a definition that is registered first, and is to be undone as well", async () => {
  const workspace = await mkdtemp(join(tmpdir(), "new-tasks-"));
  await writeFile(
    join(workspace, "web.json"),
    JSON.stringify({
      family: "web",
      containerDefinitions: [{ name: "app", entryPoint: ["sh", "-c"] }],
    }),
  );
  const calls = { registerTaskDefinition: () => Promise.resolve(aDefinition()) };
  const where: NewTasks = { ...web, of: { kind: "task-definition", taskDefinition: "web.json" } };
  const { context, resolved } = startTasks(where, calls, [], workspace);
  await resolved;
  await rm(workspace, { recursive: true });
  const registered = { kind: "task-definition", arn: aDefinition().arn };
  const registering = { kind: "registration", family: "web", run: "a1b2c3d4" };
  const known = { ...begun, taskArn: TASK };
  expect(context.events).toEqual([
    [registering],
    [registered],
    [registered, begun],
    `RunTask ${by}`,
    [registered, known, begun],
    [registered, known],
  ]);
});

describe("a new task with a service", () => {
  const service = { describeService: () => Promise.resolve(aService()) };
  const subnets = ["subnet-8", "subnet-9"];

  it.each<[string, NewTasks["of"], string | undefined]>([
    [
      "the service's task definition, when no other is named",
      { kind: "service" },
      aService().taskDefinitionArn,
    ],
    [
      "the task definition that is named beside it",
      { kind: "task-definition", taskDefinition: "migrate" },
      "migrate",
    ],
  ])("has the service's network and %s", async (_, of, definition) => {
    const where: NewTasks = { ...web, of, service: "web", start: startInputs({ subnets: [] }) };
    const { requests, asked, resolved } = startTasks(where, service);
    await resolved;
    expect(asked).toEqual([definition]);
    expect(requests).toMatchObject([
      { network: { subnets, securityGroups: ["sg-9"], assignPublicIp: true } },
    ]);
  });

  it("is started in the cluster that the service's ARN names", async () => {
    const service = "arn:aws:ecs:eu-central-1:123456789012:service/prod/web";
    const where: NewTasks = { ...web, of: { kind: "service" }, service };
    const asked: unknown[] = [];
    const ecs = {
      describeService: (...names: string[]) => {
        asked.push(names);
        return Promise.resolve(aService());
      },
    };
    const { context, resolved } = startTasks(where, ecs, [], undefined, "default");
    await resolved;
    expect(asked).toEqual([["prod", "web"]]);
    expect(context.events[0]).toEqual([{ ...begun, cluster: "prod" }]);
  });
});

describe("a new task of an image", () => {
  const where: NewTasks = {
    ...web,
    of: { kind: "image", image: "python:3.13", architecture: undefined },
    start: startInputs({ taskRole: "job", cpu: "512" }),
  };
  const wanted = makeImageDefinition(
    { image: "python:3.13", architecture: undefined },
    where.start,
    undefined,
  );
  const { family } = wanted;
  const own: TaskDefinition = {
    ...aDefinition([{ entryPoint: ["sh", "-c"] }]),
    arn: `arn:aws:ecs:eu-central-1:123456789012:task-definition/${family}:1`,
    family,
    registrable: wanted,
  };
  const share = (registered: boolean) => ({
    kind: "shared-definition",
    arn: own.arn,
    family,
    cluster: "ci",
    startedBy: by,
    registered,
  });
  const registering = (found: () => Promise<TaskDefinition>) => {
    const registered: Readonly<Record<string, unknown>>[] = [];
    const ecs = {
      describeTaskDefinition: found,
      registerTaskDefinition: (definition: Readonly<Record<string, unknown>>) => {
        registered.push(definition);
        return Promise.resolve(own);
      },
    };
    return { registered, ecs };
  };
  const notFound = taskDefinitionNotFound("x", "");

  it.each([
    ["there is none", () => Promise.reject(notFound)],
    ["the last one is deregistered", () => Promise.resolve({ ...own, active: false })],
    ["it may not be looked for", () => Promise.reject(failure("access-denied"))],
  ])("has a definition of its own, which is undone, when %s", async (_, found) => {
    const { registered, ecs } = registering(found);
    const { context, requests, resolved } = startTasks(where, ecs);
    await resolved;
    expect(registered).toMatchObject([
      { taskRoleArn: "job", cpu: "512", containerDefinitions: [{ name: "app" }] },
    ]);
    const [definition] = registered;
    expect(definition).toMatchObject({
      containerDefinitions: [{ dockerLabels: { "fargate-exec.run": origin.id } }],
    });
    expect(context.events.slice(0, 2)).toEqual([
      [{ kind: "registration", family: definition?.["family"], run: origin.id }],
      [share(true)],
    ]);
    // The role and the size are in the definition, and not in the overrides, too.
    expect(Object.keys(requests[0]?.overrides ?? {})).toEqual(["containerOverrides"]);
  });

  it("uses an equal definition that is registered already, and counts as one of its users", async () => {
    const { registered, ecs } = registering(() => Promise.resolve(own));
    const { context, requests, resolved } = startTasks(where, ecs);
    await resolved;
    expect(registered).toEqual([]);
    expect(requests).toMatchObject([{ taskDefinition: own.arn }]);
    expect(context.events.at(-1)).toEqual([share(false), { ...begun, taskArn: TASK }]);
  });

  it("gets a definition of its own when another principal has registered a different one in the family", async () => {
    const planted = { ...wanted, containerDefinitions: [{ name: "app", image: "attacker.example/miner" }] };
    const { registered, ecs } = registering(() => Promise.resolve({ ...own, registrable: planted }));
    const { context, resolved } = startTasks(where, ecs);
    await resolved;
    expect(registered).toMatchObject([{ family, containerDefinitions: [{ image: "python:3.13" }] }]);
    expect(context.log.lines[0]).toContain(
      "in containerDefinitions[0].image, containerDefinitions[0].entryPoint",
    );
  });

  it("uses another job's definition when ECS throttles the registration", async () => {
    let looks = 0;
    const found = () => (++looks === 1 ? Promise.reject(notFound) : Promise.resolve(own));
    const throttled = () => Promise.reject(failure("throttled"));
    const { context, requests, resolved } = startTasks(where, {
      describeTaskDefinition: found,
      registerTaskDefinition: throttled,
    });
    await resolved;
    expect(requests).toMatchObject([{ taskDefinition: own.arn }]);
    expect(context.events.at(-1)).toMatchObject([share(false), { kind: "task" }]);
  });

  it("gets a definition of its own when the shared one is deregistered meanwhile", async () => {
    const { registered, ecs } = registering(() => Promise.resolve(own));
    const { requests, resolved } = startTasks(where, ecs, [notFound]);
    expect((await resolved).targets).toHaveLength(1);
    expect(registered).toHaveLength(1);
    expect(requests[1]?.clientToken).not.toBe(requests[0]?.clientToken);
  });
});

it.each<[Partial<Service>, number | undefined]>([
  [{ launchType: "EC2" }, 180_000],
  [{ launchType: undefined, capacityProviders: [BIG_MACHINES] }, undefined],
])(
  "a new task runs where its service's tasks do, %j, and counts as stuck after %s ms",
  async (service, stuck) => {
    const where: NewTasks = { ...web, service: "web", start: startInputs({ subnets: [] }) };
    const network = { subnets: [], securityGroups: [], assignPublicIp: undefined };
    const describeService = () => Promise.resolve(aService({ ...service, network }));
    const { context, requests, resolved } = startTasks(where, { describeService });
    const { candidates, targets } = await resolved;
    const { launchType = "FARGATE", capacityProviders = [] } = service;
    expect(requests).toMatchObject([{ launchType, capacityProviders, network }]);
    expect(stuckAfter(candidates, targets[0])).toBe(stuck);
    // Its replacement runs there, too.
    const none = { stopCode: "TaskFailedToStart", stoppedReason: "Capacity is unavailable at this time." };
    const why = taskStopped(aTask({ lastStatus: "STOPPED", ...none }));
    expect(await findReplacement(targets[0], why, candidates, context)).toMatchObject({ taskArn: arn(2) });
    expect(requests[1]).toMatchObject({ launchType, capacityProviders, network });
  },
);

describe("a new task on Spot", () => {
  const onSpot: NewTasks = { ...web, start: startInputs({ capacityProviders: [SPOT] }) };
  const stopped = (stopCode: string, stoppedReason = "") =>
    taskStopped(aTask({ lastStatus: "STOPPED", stopCode, stoppedReason }));

  it.each([
    stopped("SpotInterruption"),
    stopped("TerminationNotice"),
    stopped("TaskFailedToStart", "Capacity is unavailable at this time."),
  ])("is started once more, on demand, when it is taken away: %s", async (why) => {
    const { context, requests, resolved } = startTasks(onSpot);
    const { targets, candidates } = await resolved;
    const next = await findReplacement(targets[0], why, candidates, context);
    expect(next).toMatchObject({ taskArn: arn(2), started: true });
    expect(requests.map(({ capacityProviders }) => capacityProviders)).toEqual([[SPOT], []]);
    expect(context.events.at(-1)).toMatchObject([{ taskArn: arn(1) }, { taskArn: arn(2) }]);
    expect(context.log.lines).toContainEqual(expect.stringContaining("on demand"));
    const again = next && (await findReplacement(next, why, candidates, context));
    // A task that never ran is started again, since it may wait for capacity.
    if (why.code === "task-stopped") expect(again).toBeUndefined();
    else expect(requests.at(-1)?.capacityProviders).toEqual([]);
  });

  it.each([
    stopped("TaskFailedToStart", "CannotPullContainerError: pull image manifest"),
    stopped("UserInitiated"),
    failure("exec-not-ready"),
  ])("is not started again when it is lost otherwise: %s", async (why) => {
    const { context, resolved } = startTasks(onSpot);
    const { targets, candidates } = await resolved;
    expect(await findReplacement(targets[0], why, candidates, context)).toBeUndefined();
  });

  it.each([
    "RESOURCE:ENI",
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1'",
  ])("stays on Spot, in another subnet, when its own has no free address: %s", async (reason) => {
    const start = startInputs({ capacityProviders: [SPOT], subnets: ["subnet-1", "subnet-2"] });
    const { context, requests, resolved } = startTasks({ ...onSpot, start });
    const { targets, candidates } = await resolved;
    let next: Target | undefined = targets[0];
    for (let i = 0; i < 2 && next !== undefined; i += 1)
      next = await findReplacement(next, stopped("TaskFailedToStart", reason), candidates, context);
    expect(requests.map(({ network }) => network.subnets.join())).toEqual([
      ...["subnet-1,subnet-2", "subnet-1", "subnet-2"],
    ]);
    expect(requests[1]?.capacityProviders).toEqual([SPOT]);
  });

  it("is the only one that is replaced when Spot is said to have interrupted it", async () => {
    const { context, resolved } = startTasks(web);
    const { targets, candidates } = await resolved;
    const why = stopped("SpotInterruption");
    expect(await findReplacement(targets[0], why, candidates, context)).toBeUndefined();
  });
});

describe("for the next attempt of a script that may still run", () => {
  const takeNext = async (
    stopTask: ResolveContext["ecs"]["stopTask"],
    lastStatus: string,
    isNeeded = (): boolean => true,
  ) => {
    const describeTasks = (): Promise<readonly Task[]> => Promise.resolve([aTask({ lastStatus })]);
    const { context, requests, resolved } = startTasks(web, { stopTask, describeTasks });
    const { candidates, targets } = await resolved;
    const how = { isGone: false, isSpot: false, mustStopFirst: true };
    const next = await findNextTarget(targets[0], how, candidates, { ...context, isNeeded });
    const undo = context.events.findLast((event) => typeof event !== "string") ?? [];
    return { next: next?.taskId, started: requests.length, lines: context.log.lines, undo };
  };
  const stopped = (): Promise<void> => Promise.resolve();
  const denied = (): Promise<void> => Promise.reject(failure("access-denied"));

  it("another task is started once that one has stopped", async () => {
    expect(await takeNext(stopped, "STOPPED")).toMatchObject({ next: arn(2).slice(-32), started: 2 });
  });

  it("no other task is started when nothing is left to do once that one has stopped", async () => {
    const { next, started, lines } = await takeNext(stopped, "STOPPED", () => false);
    expect([next, started]).toEqual([undefined, 1]);
    expect(lines.join()).not.toContain("may still run");
  });

  it.each([
    ["can't be stopped, which is still to be undone,", denied, "RUNNING", [arn(1)]],
    ["goes on stopping", stopped, "DEPROVISIONING", []],
  ])("no other task is started when that one %s", async (_, stopTask, lastStatus, left) => {
    const { next, started, lines, undo } = await takeNext(stopTask, lastStatus);
    expect([next, started]).toEqual([undefined, 1]);
    expect(undo).toMatchObject(left.map((taskArn) => ({ kind: "task", taskArn })));
    expect(lines.at(-1)).toBe(`The script may still run in task ${ID}, which has not stopped.`);
  });
});
