import type { RunTaskRequest, RunTaskAnswer } from "../../../src/aws/ecs.ts";
import type { Task } from "../../../src/aws/task.ts";
import { LAUNCHES, Pace } from "../../../src/aws/pace.ts";
import { NoCapacity, TagsNotEnabled } from "../../../src/aws/ecs-failures.ts";
import { AccessDenied, Failure } from "../../../src/errors.ts";
import { CapacityWait } from "../../../src/targets/start/capacity-wait.ts";
import { startTasks } from "../../../src/targets/start/start-tasks.ts";
import { runTaskRequest } from "../../../src/targets/start/run-task-request.ts";
import { Listener } from "../../helpers/listener.ts";
import { between, randomOf } from "../../helpers/seeds.ts";
import { SleeplessClock, SteppedClock } from "../../helpers/stepped-clock.ts";
import { origin, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { aDefinition, aTask } from "../../helpers/tasks.ts";
import { Changes } from "../../helpers/until.ts";

const of = {
  ...{ cluster: "ci", container: "app", launchType: "FARGATE", platformVersion: undefined },
  ...{ volumes: [], placement: {} },
};
const plan = { ...of, definition: aDefinition(), timeout: 60_000, origin };
const request = runTaskRequest(startInputs(), plan);
const onSpot = runTaskRequest(startInputs({ capacityProviders: [SPOT] }), plan);

const sent: RunTaskRequest[] = [];
const started: string[] = [];
const next: string[] = [];
const paced: number[] = [];
const others: Failure[] = [];
let log: Listener;
beforeEach(() => {
  sent.length = 0;
  started.length = 0;
  next.length = 0;
  paced.length = 0;
  others.length = 0;
  log = new Listener();
});

const arnsOf = (tasks: readonly Task[]): string[] => tasks.map(({ arn }) => arn);

const NO_QUOTA = {
  ...{ onRefused: () => undefined, onStarted: () => undefined, next: () => Promise.resolve(false) },
};

/** Starts tasks. ECS gives `answers` first, and then starts what it is asked for. A wait for capacity has a minute. */
function startAll(
  asked: RunTaskRequest,
  count: number,
  answers: readonly (Partial<RunTaskAnswer> | Error)[] = [],
  ownTags: Readonly<Record<string, string>> = {},
  answering: (call: number) => Promise<unknown> = () => Promise.resolve(),
  over?: AbortSignal,
) {
  let calls = 0;
  const clock = new SleeplessClock();
  const until = clock.now() + 60_000;
  return startTasks(asked, count, {
    log,
    ownTags,
    capacity: new CapacityWait({ clock, log, signal: undefined, until }),
    quota: NO_QUOTA,
    over,
    otherwise: (refusal) => {
      others.push(refusal);
      return Promise.resolve(undefined);
    },
    pace: (wanted) => Promise.resolve(void paced.push(wanted)),
    token: () => `token-${calls}`,
    onStarted: (tasks) => started.push(...arnsOf(tasks)),
    onNext: (tasks) => next.push(...arnsOf(tasks)),
    ecs: {
      runTask: async (call) => {
        sent.push(call);
        const answer = answers[calls++];
        const number = calls;
        await answering(number);
        if (answer instanceof Error) throw answer;
        const tasks = Array.from({ length: call.count }, (_, i) => aTask({ arn: `${number}/${i}` }));
        return { tasks, refusals: [], ...answer };
      },
    },
  });
}

const failure = (code: Failure["code"], failed: string) =>
  new Failure(code, { failed, seen: "", advice: "" });
const shortage = new NoCapacity({ failed: "no place", seen: "" });
const noTags = new AccessDenied(
  { action: "ecs:TagResource", isNamed: true },
  { failed: "", seen: "", advice: "" },
);

it("starts one task", async () => {
  expect(await startAll(request, 1)).toEqual({ tasks: [aTask({ arn: "1/0" })], refusal: undefined });
  expect(sent).toEqual([{ ...request, count: 1, clientToken: "token-0" }]);
});

it("starts ten a call, each call with a token of its own", async () => {
  expect((await startAll(request, 23)).tasks).toHaveLength(23);
  expect(sent.map(({ count }) => count)).toEqual([10, 10, 3]);
  expect(paced).toEqual([10, 10, 3]);
  expect(new Set(sent.map(({ clientToken }) => clientToken)).size).toBe(3);
  expect(started).toHaveLength(23);
});

it("has four calls under way at once, as soon as the first one is answered", async () => {
  const underWay: number[] = [];
  let now = 0;
  const { tasks } = await startAll(request, 75, [], {}, async () => {
    underWay.push((now += 1));
    await new Promise(setImmediate);
    now -= 1;
  });
  expect(underWay.slice(0, 5)).toEqual([1, 1, 2, 3, 4]);
  expect(Math.max(...underWay)).toBe(4);
  expect(new Set(tasks.map(({ arn }) => arn)).size).toBe(75);
  expect(sent.map(({ count }) => count)).toEqual([10, 10, 10, 10, 10, 10, 10, 5]);
});

/** Answers of calls, each of which the test gives. */
class HeldAnswers {
  readonly #give = new Map<number, () => void>();
  readonly #changes = new Changes();

  readonly answering = (call: number): Promise<void> =>
    new Promise((resolve) => {
      this.#give.set(call, resolve);
      this.#changes.notify();
    });

  /** Gives these calls their answers in this order, each as soon as it is under way. */
  async give(...calls: readonly number[]): Promise<void> {
    for (const call of calls) {
      await this.#changes.until(
        () => this.#give.has(call),
        () => `call ${call} under way`,
      );
      this.#give.get(call)?.();
      await new Promise(setImmediate);
    }
  }
}

const tasksOf = (...calls: readonly number[]): string[] =>
  calls.flatMap((call) => Array.from({ length: 10 }, (_, i) => `${call}/${i}`));

describe("when answers come in another order than that of the calls", () => {
  it("delivers the tasks in the order in which they were asked for, and reports at once that they run", async () => {
    const held = new HeldAnswers();
    const starts = startAll(request, 50, [], {}, held.answering);
    await held.give(1, 5, 3, 4);
    expect(started).toEqual(tasksOf(1, 5, 3, 4));
    expect(next).toEqual(tasksOf(1));
    await held.give(2);
    expect(next).toEqual(tasksOf(1, 2, 3, 4, 5));
    expect(arnsOf((await starts).tasks)).toEqual(next);
  });

  it("a call that is refused holds no other one up, and what it has not started comes last", async () => {
    const held = new HeldAnswers();
    const starts = startAll(request, 50, [{}, shortage], {}, held.answering);
    await held.give(1, 3, 5, 4);
    expect(next).toEqual(tasksOf(1));
    await held.give(2, 6);
    expect(arnsOf((await starts).tasks)).toEqual(tasksOf(1, 3, 4, 5, 6));
    expect(next).toEqual(tasksOf(1, 3, 4, 5, 6));
  });

  it("when no further task is wanted, reports the tasks of every call that is under way, and begins no call", async () => {
    const held = new HeldAnswers();
    const cancel = new AbortController();
    const starts = startAll(request, 200, [], {}, held.answering, cancel.signal);
    await held.give(1, 4);
    cancel.abort();
    await held.give(6, 5, 3);
    expect(started).toEqual(tasksOf(1, 4, 6, 5, 3));
    await held.give(2);
    expect((await starts).tasks).toHaveLength(60);
    expect([started.length, sent.length]).toEqual([60, 6]);
  });
});

it("asks for no more tasks than Fargate starts, and for no fewer, however long answers take", async () => {
  const clock = new SteppedClock();
  const random = randomOf(13);
  const pace = new Pace(LAUNCHES, clock);
  const asked: { readonly at: number; readonly count: number }[] = [];
  const ended: number[] = [];
  const starts = startTasks(request, 500, {
    ...{
      log,
      ownTags: {},
      over: undefined,
      token: () => "token",
      otherwise: () => Promise.resolve(undefined),
    },
    ...{ onStarted: () => undefined, onNext: () => undefined },
    capacity: new CapacityWait({ clock, log, signal: undefined, until: 0 }),
    quota: NO_QUOTA,
    pace: (count) => pace.wait(count),
    ecs: {
      runTask: async ({ count }) => {
        asked.push({ at: clock.now(), count });
        await clock.sleep(between(random, 50, 1_500));
        return { tasks: Array.from({ length: count }, () => aTask()), refusals: [] };
      },
    },
  }).then(({ tasks }) => ended.push(tasks.length));
  await clock.runUntil(() => ended.length > 0);
  await starts;
  expect(ended).toEqual([500]);
  const until = asked.map(({ at }, last) =>
    asked.slice(0, last + 1).map((first, from) => ({
      seconds: (at - first.at) / 1_000,
      count: asked.slice(from, last + 1).reduce((sum, { count }) => sum + count, 0),
    })),
  );
  expect(until.flat().filter(({ seconds, count }) => count > 100 + 20 * seconds)).toEqual([]);
  const seconds = until.at(-1)?.[0]?.seconds;
  expect(seconds).toBeLessThan(1.15 * ((500 - 100) / 20));
});

it("begins no call after a refusal, and counts the tasks of those that were under way", async () => {
  const refusal = { reason: "ATTRIBUTE", detail: undefined };
  const found = await startAll(request, 75, [{}, { tasks: [], refusals: [refusal] }]);
  expect(found.tasks).toHaveLength(started.length);
  expect(found.refusal?.seen).toBe("It said: ATTRIBUTE.");
  expect([sent.length, started.length]).toEqual([5, 40]);
});

it("fails with a call that was not answered rather than with a refusal", async () => {
  const unanswered = failure("aws-unreachable", "no answer");
  const refusal = { reason: "ATTRIBUTE", detail: undefined };
  const answers = [{}, { tasks: [], refusals: [refusal] }, unanswered];
  await expect(startAll(request, 40, answers)).rejects.toBe(unanswered);
});

it.each([
  ["RESOURCE:ENI", "no address left", "availability zones"],
  ["Capacity is unavailable at this time. Please try again later", undefined, "availability zones"],
  ["ATTRIBUTE", undefined, "requiresCompatibilities"],
  ["INACTIVE", undefined, "networkMode awsvpc"],
])("repeats ECS's words when ECS starts no task: %s", async (reason, detail, advice) => {
  const refused = Array.from({ length: 99 }, () => ({ tasks: [], refusals: [{ reason, detail }] }));
  await expect(startAll(request, 1, refused)).rejects.toMatchObject({
    code: "task-not-started",
    seen: `It said: ${reason}${detail ? `: ${detail}` : ""}.`,
    advice: expect.stringContaining(advice) as string,
  });
});

it.each(["AGENT", "RESOURCE:MEMORY", "INACTIVE"])(
  "advises on instances when the tasks run on some: %s",
  async (reason) => {
    const refused = Array.from({ length: 99 }, () => ({
      tasks: [],
      refusals: [{ reason, detail: undefined }],
    }));
    await expect(startAll({ ...request, launchType: "EC2" }, 1, refused)).rejects.toMatchObject({
      advice: expect.stringContaining("an instance there has a connected agent") as string,
    });
  },
);

it("waits for an instance whose agent is disconnected", async () => {
  const refused = { tasks: [], refusals: [{ reason: "AGENT", detail: undefined }] };
  const onInstances = { ...request, launchType: "EC2" };
  expect((await startAll(onInstances, 1, [refused, refused])).tasks).toHaveLength(1);
  expect(sent).toHaveLength(3);
  expect(log.lines[0]).toMatch(/could not be started now; trying again in \d+ s.* It said: AGENT\.$/);
});

it("reports why only some tasks are started, and which those are", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "INACTIVE", detail: undefined }] };
  const none = { ...some, tasks: [] };
  expect(await startAll(request, 3, [some, none])).toMatchObject({
    tasks: [{ arn: "a" }],
    refusal: { code: "task-not-started", seen: "It said: INACTIVE." },
  });
  expect(started).toEqual(["a"]);
});

it("goes on when one task of many fails", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "InternalError", detail: undefined }] };
  expect(await startAll(request, 3, [some])).toMatchObject({ refusal: undefined });
  expect(started).toEqual(["a", "2/0", "2/1"]);
});

it("fails when a cancel cuts the start of the others short", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "RESOURCE:ENI", detail: undefined }] };
  const cancelled = failure("cancelled", "by hand");
  await expect(startAll(request, 3, [some, cancelled])).rejects.toBe(cancelled);
});

describe("when Fargate has no capacity", () => {
  const two = { ...request, network: { ...request.network, subnets: ["subnet-1", "subnet-2"] } };
  const none = { tasks: [], refusals: [{ reason: "Capacity is unavailable", detail: undefined }] };

  it("tries the subnets one by one, and then together again, until there is some", async () => {
    const { tasks } = await startAll(two, 1, [none, none, shortage, none]);
    expect(tasks).toHaveLength(1);
    expect(sent.map(({ network: { subnets } }) => subnets.join())).toEqual([
      "subnet-1,subnet-2",
      ...["subnet-1", "subnet-2", "subnet-1,subnet-2"],
      "subnet-1",
    ]);
    expect(new Set(sent.map(({ clientToken }) => clientToken)).size).toBe(5);
    expect(log.lines[0]).toMatch(/trying again in \d s in subnet-1\. It said: Capacity is unavailable\.$/);
  });

  it("starts the rest of several tasks when there is some", async () => {
    const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "RESOURCE:ENI", detail: undefined }] };
    expect((await startAll(two, 3, [some])).tasks).toHaveLength(3);
    expect(sent.map(({ count }) => count)).toEqual([3, 2]);
  });

  it("gives up in the end, with longer pauses in between", async () => {
    const calls = Array.from({ length: 99 }, () => none);
    await expect(startAll(request, 1, calls)).rejects.toBeInstanceOf(NoCapacity);
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.length).toBeLessThan(9);
  });
});

describe("on Spot", () => {
  it("starts on demand the tasks that Spot has no capacity for", async () => {
    const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "RESOURCE:CPU", detail: undefined }] };
    expect((await startAll(onSpot, 3, [some])).tasks).toHaveLength(3);
    expect(sent.map(({ count, capacityProviders }) => [count, capacityProviders])).toEqual([
      [3, [SPOT]],
      [2, []],
    ]);
    expect(log.lines).toEqual([expect.stringContaining("on demand")]);
  });

  it("starts them on demand when RunTask itself fails for that reason, too", async () => {
    expect((await startAll(onSpot, 1, [shortage])).tasks).toHaveLength(1);
    expect(sent.map(({ capacityProviders }) => capacityProviders)).toEqual([[SPOT], []]);
  });

  it("waits for capacity on demand afterwards", async () => {
    expect((await startAll(onSpot, 1, [shortage, shortage])).tasks).toHaveLength(1);
    expect(sent.map(({ capacityProviders }) => capacityProviders)).toEqual([[SPOT], [], []]);
  });

  it("fails at once for any other reason", async () => {
    const other = failure("task-not-started", "the cluster does not have these capacity providers");
    await expect(startAll(onSpot, 1, [other])).rejects.toBe(other);
    expect(sent).toHaveLength(1);
  });
});

it("does without tags when they are not allowed and the user asked for none", async () => {
  await startAll(request, 1, [noTags]);
  expect(sent[1]).toMatchObject({ tags: {}, propagateTags: undefined });
  expect(sent[1]?.clientToken).not.toBe(sent[0]?.clientToken);
});

it("sets the user's tags alone when no others are allowed, and says so", async () => {
  await startAll(request, 1, [noTags], { team: "web" });
  expect(sent[1]).toMatchObject({ tags: { team: "web" }, propagateTags: undefined });
  expect(log.lines).toEqual([expect.stringContaining("with the tags of 'tags' alone (team)")]);
});

describe("when a refusal comes behind a try that was not answered, which may have started a task", () => {
  const cause = { $metadata: { httpStatusCode: 400, mayHaveWorked: true } };
  const words = { failed: "", seen: "", advice: "", cause };
  const denied = (action: string) => new AccessDenied({ action, isNamed: true }, words);

  it.each<[string, RunTaskRequest, Error]>([
    ["another definition", request, denied("ecs:RunTask")],
    ["fewer tags", request, denied("ecs:TagResource")],
    ["a place on demand", onSpot, new NoCapacity({ failed: "no place", seen: "", cause })],
  ])("asks for no second one with %s", async (_, asked, refusal) => {
    await expect(startAll(asked, 1, [refusal])).rejects.toBe(refusal);
    expect(sent).toHaveLength(1);
    expect(others).toEqual([]);
  });

  it("gives up those that were started before, which the cleanup stops with it", async () => {
    const refusal = denied("ecs:RunTask");
    await expect(startAll(request, 20, [{}, refusal])).rejects.toBe(refusal);
  });
});

it("fails when the user's tags are not allowed", async () => {
  await expect(startAll(request, 1, [noTags, noTags], { team: "web" })).rejects.toBe(noTags);
  expect(sent).toHaveLength(2);
});

it("fails at once for the user's tags in an account that has no tags", async () => {
  const none = new TagsNotEnabled({ failed: "", seen: "", advice: "" });
  await expect(startAll(request, 1, [none], { team: "web" })).rejects.toBe(none);
  expect(sent).toHaveLength(1);
});
