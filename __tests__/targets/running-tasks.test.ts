import { containerBusy } from "../../src/queue/failures.ts";
import { containerBlocked } from "../../src/ready/advice.ts";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { taskDefinitionNotFound, taskNotFound } from "../../src/aws/missing.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { findReplacement } from "../../src/targets/replacement.ts";
import type { ResolveContext } from "../../src/targets/resolve-context.ts";
import { resolveTargets } from "../../src/targets/resolve.ts";
import { othersToTry } from "../../src/targets/candidates.ts";
import type { Target } from "../../src/targets/target.ts";
import { resolveContextOf, target } from "../helpers/resolving.ts";
import { aService } from "../helpers/start-inputs.ts";
import { aContainer, aDefinition, aTask, ID, TASK } from "../helpers/tasks.ts";

const denied = new Failure("access-denied", { failed: "Access denied.", seen: "", advice: "" });
const two = [aContainer({ name: "log" }), aContainer({ name: "app" })];
const task = (id: string, more: Partial<Task> = {}): Task =>
  aTask({ arn: TASK.replace(ID, id.repeat(32)), ...more });

/** Resolves the context. `instead` gives the replacement of a lost target. */
async function resolve(context: ResolveContext) {
  const { targets, candidates } = await resolveTargets(context);
  const instead = (lost: Target, failure: Failure) => findReplacement(lost, failure, candidates, context);
  return { targets, others: othersToTry(candidates), instead };
}

describe("a named task", () => {
  const named = { kind: "task", task: ID } as const;
  const found = (one: Task | undefined) => ({ describeTask: () => Promise.resolve(one) });

  it("is the target, in its only container", async () => {
    const { targets } = await resolveTargets(resolveContextOf(named, found(aTask())));
    expect(targets).toEqual([target]);
  });

  it("of several containers is entered in the first essential one", async () => {
    const definition = aDefinition([{ name: "log", essential: false }, { name: "app" }]);
    const ecs = {
      ...found(aTask({ containers: two })),
      describeTaskDefinition: () => Promise.resolve(definition),
    };
    expect((await resolveTargets(resolveContextOf(named, ecs))).targets).toEqual([target]);
  });

  it("is refused when it runs Windows", async () => {
    const windows = aTask({ platformFamily: "Windows_Server_2022_Core" });
    await expect(resolveTargets(resolveContextOf(named, found(windows)))).rejects.toMatchObject({
      code: "windows-task",
      seen: expect.stringContaining("Windows_Server_2022_Core") as string,
    });
  });

  it.each([
    ["may not be read", denied, "Access denied."],
    ["was deleted, as that of a kept task is", taskDefinitionNotFound("web:1", "s"), "'web:1'"],
  ])("asks for a container when the task definition %s", async (_, failure, told) => {
    const ecs = {
      ...found(aTask({ containers: two })),
      describeTaskDefinition: () => Promise.reject(failure),
    };
    await expect(resolveTargets(resolveContextOf(named, ecs))).rejects.toMatchObject({
      code: "container-ambiguous",
      seen: expect.stringContaining(told) as string,
    });
  });

  it("that is not there is named in the failure", async () => {
    await expect(resolveTargets(resolveContextOf(named, found(undefined)))).rejects.toMatchObject({
      code: "task-not-found",
      failed: `There is no task '${ID}' in cluster 'ci'.`,
    });
  });

  it("that was just started is found when ECS shows it a moment later", async () => {
    const answers = [undefined, aTask()];
    const context = resolveContextOf(named, { describeTask: () => Promise.resolve(answers.shift()) });
    const began = context.clock.now();
    expect((await resolveTargets(context)).targets).toEqual([target]);
    expect(context.clock.now() - began).toBe(1_000);
  });

  it("is not replaced by another task", async () => {
    const { targets, instead } = await resolve(resolveContextOf(named, found(aTask())));
    const stopped = taskStopped(aTask({ stopCode: "ServiceSchedulerInitiated" }));
    expect(await instead(targets[0], stopped)).toBeUndefined();
  });
});

describe("a service", () => {
  const service = { kind: "service", service: "web", tasks: 1 } as const;
  const ecsWith = (...tasks: Task[]) => ({
    listTasks: () => Promise.resolve(tasks.map(({ arn }) => arn)),
    describeTasks: () => Promise.resolve(tasks),
  });

  it("gives its best task, and says so", async () => {
    const worse = aTask({ arn: "x", healthStatus: "UNHEALTHY" });
    const context = resolveContextOf(service, ecsWith(worse, aTask()));
    expect((await resolveTargets(context)).targets).toEqual([target]);
    expect(context.log.lines).toEqual([`Service 'web' has 2 tasks; taking ${ID}.`]);
  });

  const UNHEALTHY = { healthStatus: "UNHEALTHY" };
  const all = [task("1"), task("2", UNHEALTHY), task("3"), task("4", { desiredStatus: "STOPPED" })];
  const coming = task("5", { lastStatus: "PENDING" });
  it.each<[string, number | "all", Task[], string[]]>([
    ["the best ones", 2, all, ["1", "3"]],
    ["others, too, when there are not enough good ones", 3, all, ["1", "3", "2"]],
    ["all that run", "all", [...all, coming], ["1", "3", "2"]],
    [
      "the newest first of all",
      "all",
      [task("1", { startedAt: 1 }), task("2", { startedAt: 3, ...UNHEALTHY }), task("3", { startedAt: 2 })],
      ["2", "3", "1"],
    ],
    ["all that are about to run, when none runs yet", "all", [coming], ["5"]],
  ])("gives %s", async (_, tasks, those, expected) => {
    const { targets } = await resolveTargets(resolveContextOf({ ...service, tasks }, ecsWith(...those)));
    expect(targets.map(({ taskId }) => taskId[0])).toEqual(expected);
  });

  it("looks at the task definition once for all its tasks", async () => {
    let looks = 0;
    const ecs = {
      ...ecsWith(...all.map((one) => ({ ...one, containers: two }))),
      describeTaskDefinition: () => {
        looks += 1;
        return Promise.resolve(aDefinition([{ name: "app" }, { name: "log" }]));
      },
    };
    const { targets } = await resolveTargets(resolveContextOf({ ...service, tasks: 3 }, ecs));
    expect(targets.map(({ container }) => container)).toEqual(["app", "app", "app"]);
    expect(looks).toBe(1);
  });

  it.each<[string, number | "all", Task[], string, string]>([
    ["no task", 1, [], "no running task", ""],
    ["no task for 'all'", "all", [], "no running task", ""],
    ["too few tasks", 3, [aTask()], "not 3 running tasks", "Input 'tasks' asks for 3. "],
  ])("with %s reports its counts and its last event", async (_, tasks, those, failed, asked) => {
    const described = aService({ events: ["unable to place a task.", "older"] });
    const ecs = { ...ecsWith(...those), describeService: () => Promise.resolve(described) };
    await expect(resolveTargets(resolveContextOf({ ...service, tasks }, ecs))).rejects.toMatchObject({
      code: "no-running-task",
      failed: `The service 'web' in cluster 'ci' has ${failed}.`,
      seen: `${asked}Desired 1, running 0, pending 0. Last event: unable to place a task.`,
    });
  });

  describe("whose task has no place for the job", () => {
    const busy = containerBusy("app", TASK, 0, "in use");
    const blocked = containerBlocked("app", TASK, 20, {
      agent: "RUNNING",
      others: "",
      areOthers: "seen",
      choice: "task",
    });
    const pending = task("8", { lastStatus: "PENDING" });
    const unhealthy = task("9", { healthStatus: "UNHEALTHY" });
    const three = ecsWith(task("1"), task("2"), task("3"), pending, unhealthy);

    it("gives each of the others that are ready, once", async () => {
      const { targets, others, instead } = await resolve(resolveContextOf(service, three));
      expect(others).toHaveLength(2);
      const second = await instead(targets[0], busy);
      const third = await instead(second ?? targets[0], busy);
      expect([targets[0], second, third].map((one) => one?.taskId[0]).toSorted()).toEqual(["1", "2", "3"]);
      expect(others.toSorted()).toEqual([second?.taskArn, third?.taskArn].toSorted());
    });

    it("then gives any of them to wait in, but none that takes no session", async () => {
      const { targets, instead } = await resolve(resolveContextOf(service, three));
      const second = (await instead(targets[0], blocked)) ?? targets[0];
      const third = (await instead(second, blocked)) ?? targets[0];
      expect((await instead(third, busy))?.taskArn).toBe(third.taskArn);
      expect(await instead(third, blocked)).toBeUndefined();
    });

    it("says which it tries, and why", async () => {
      const context = resolveContextOf(service, ecsWith(task("1"), task("2")));
      const { targets, instead } = await resolve(context);
      await instead(targets[0], blocked);
      expect(context.log.lines.at(-1)).toMatch(
        /opened no session within 20 s, so the script was not started\. Trying task 2{32} of the service\.$/,
      );
    });

    it("one of several targets is replaced only by a task that no other job uses", async () => {
      const { targets, others, instead } = await resolve(resolveContextOf({ ...service, tasks: 2 }, three));
      expect(others).toEqual([]);
      expect((await instead(targets[0], blocked))?.taskId[0]).toBe("3");
      expect(await instead(targets[1] ?? targets[0], blocked)).toBeUndefined();
    });
  });

  describe("that replaces a task", () => {
    const replaced = taskStopped(task("1", { stopCode: "ServiceSchedulerInitiated", lastStatus: "STOPPED" }));
    /** JobTargets with tasks 1 and 2; each later look finds the next of these. */
    const with12 = async (...later: Task[][]) => {
      let tasks = [task("1"), task("2")];
      const context = resolveContextOf(
        { ...service, tasks: 2 },
        {
          listTasks: () => Promise.resolve(["whatever"]),
          describeTasks: () => {
            const now = tasks;
            tasks = later.shift() ?? tasks;
            return Promise.resolve(now);
          },
        },
      );
      return { ...(await resolve(context)), context };
    };

    it("gives its successor, once it is there", async () => {
      const { targets, instead, context } = await with12([task("2")], [task("2"), task("3")]);
      expect((await instead(targets[0], replaced))?.taskId).toBe("3".repeat(32));
      expect(context.clock.slept).toEqual([2_000]);
      expect(context.log.lines.slice(1)).toEqual([
        `Service 'web' replaces task ${targets[0].taskId} before the job has started; looking for another.`,
        `The job runs in task ${"3".repeat(32)} instead.`,
      ]);
    });

    it("gives the successor of a task that ECS has forgotten, too", async () => {
      const { targets, instead } = await with12([task("2"), task("3")]);
      expect((await instead(targets[0], taskNotFound("1", "ci", "MISSING")))?.taskId).toBe("3".repeat(32));
    });

    it("gives no task of a later deployment to a job for the revision of one", async () => {
      const [first, second] = ["ecs-svc/1000001", "ecs-svc/1000002"];
      const of = (id: string, startedBy: string, createdAt: number): Task =>
        task(id, { startedBy, createdAt });
      let tasks = [of("8", "ecs-svc/1000000", 0), of("1", first, 20_000), of("2", first, 20_000)];
      const arn = "arn:aws:ecs:eu-central-1:123456789012:service-revision/ci/web";
      const { taskDefinitionArn } = task("1");
      const context = resolveContextOf(
        { ...service, tasks: 2 },
        { listTasks: () => Promise.resolve(["whatever"]), describeTasks: () => Promise.resolve(tasks) },
        {
          revision: {
            ...{ arn: `${arn}/71`, taskDefinitionArn, since: 10_000 },
            ...{ launchType: "FARGATE", capacityProviders: [], platformVersion: undefined, volumes: [] },
            network: { subnets: [], securityGroups: [], assignPublicIp: undefined },
            sources: [{ arn: `${arn}/70`, taskDefinitionArn }],
          },
        },
      );
      const { targets, instead } = await resolve(context);
      tasks = [of("8", "ecs-svc/1000000", 0), of("4", second, 30_000)];
      expect(await instead(targets[0], replaced)).toBeUndefined();
      tasks = [of("8", "ecs-svc/1000000", 0), of("3", first, 30_000)];
      expect((await instead(targets[0], replaced))?.taskId[0]).toBe("3");
    });

    it("never gives one task twice, nor a successor to a successor", async () => {
      const { targets, instead } = await with12([task("3"), task("4")]);
      const [first, second] = await Promise.all(targets.map((lost) => instead(lost, replaced)));
      expect([first?.taskId[0], second?.taskId[0]].sort()).toEqual(["3", "4"]);
      if (first !== undefined) expect(await instead(first, replaced)).toBeUndefined();
    });

    it("gives none when there is none within a minute", async () => {
      const { targets, instead, context } = await with12([task("2")]);
      expect(await instead(targets[0], replaced)).toBeUndefined();
      expect(context.clock.slept.reduce((a, b) => a + b)).toBeLessThanOrEqual(60_000);
    });

    it("gives the only job one that it has passed by, when there is none within a minute", async () => {
      const busy = containerBusy("app", TASK, 0, "in use");
      let found = [task("1"), task("2")];
      const context = resolveContextOf(service, {
        listTasks: () => Promise.resolve(["whatever"]),
        describeTasks: () => Promise.resolve(found),
      });
      const { targets, instead } = await resolve(context);
      const passedBy = targets[0];
      const last = (await instead(passedBy, busy)) ?? passedBy;
      found = [task("1"), task("2", { startedAt: 2_000_000_000_000 })];
      const next = await instead(last, replaced);
      expect(next?.taskArn).toBe(passedBy.taskArn);
      expect(context.clock.slept.reduce((a, b) => a + b)).toBe(60_000);
      expect(await instead(passedBy, replaced)).toBeUndefined();
    });

    it("gives none for a task that was lost otherwise", async () => {
      const { targets, instead } = await with12([task("3")]);
      const stopped = taskStopped(task("1", { stopCode: "EssentialContainerExited" }));
      expect(await instead(targets[0], stopped)).toBeUndefined();
      expect(await instead(targets[0], denied)).toBeUndefined();
    });
  });
});
