import type { RunTaskRequest, RunTaskAnswer } from "../../../src/aws/ecs.ts";
import { AccessDenied, Failure, NoCapacity, TagsNotEnabled } from "../../../src/errors.ts";
import { CapacityWait } from "../../../src/targets/start/capacity-wait.ts";
import { startTasks } from "../../../src/targets/start/start-tasks.ts";
import { runTaskRequest } from "../../../src/targets/start/run-task-request.ts";
import { Listener } from "../../helpers/listener.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";
import { origin, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { aDefinition, aTask } from "../../helpers/tasks.ts";

const of = { cluster: "ci", container: "app", launchType: "FARGATE" };
const plan = { ...of, definition: aDefinition(), timeout: 60_000, origin };
const request = runTaskRequest(startInputs(), plan);
const onSpot = runTaskRequest(startInputs({ capacityProviders: [SPOT] }), plan);

const sent: RunTaskRequest[] = [];
const started: string[] = [];
const paced: number[] = [];
let log: Listener;
beforeEach(() => {
  sent.length = 0;
  started.length = 0;
  paced.length = 0;
  log = new Listener();
});

/** Starts tasks while ECS answers so, and then as asked. There is a minute to wait for capacity. */
function starting(
  asked: RunTaskRequest,
  count: number,
  answers: readonly (Partial<RunTaskAnswer> | Error)[] = [],
  ownTags: Readonly<Record<string, string>> = {},
) {
  let calls = 0;
  const clock = new SleeplessClock();
  const until = clock.now() + 60_000;
  return startTasks(asked, count, {
    log,
    ownTags,
    capacity: new CapacityWait({ clock, log, signal: undefined, until }),
    over: undefined,
    otherwise: () => Promise.resolve(undefined),
    pace: (wanted) => Promise.resolve(void paced.push(wanted)),
    token: () => `token-${calls}`,
    onStarted: (tasks) => started.push(...tasks.map(({ arn }) => arn)),
    ecs: {
      runTask: (call) => {
        sent.push(call);
        const answer = answers[calls++];
        if (answer instanceof Error) return Promise.reject(answer);
        const tasks = Array.from({ length: call.count }, (_, i) => aTask({ arn: `${calls}/${i}` }));
        return Promise.resolve({ tasks, refusals: [], ...answer });
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

it("starts one", async () => {
  expect(await starting(request, 1)).toEqual({ tasks: [aTask({ arn: "1/0" })], refusal: undefined });
  expect(sent).toEqual([{ ...request, count: 1, clientToken: "token-0" }]);
});

it("starts ten a call, each call with a token of its own", async () => {
  expect((await starting(request, 23)).tasks).toHaveLength(23);
  expect(sent.map(({ count }) => count)).toEqual([10, 10, 3]);
  expect(paced).toEqual([10, 10, 3]);
  expect(new Set(sent.map(({ clientToken }) => clientToken)).size).toBe(3);
  expect(started).toHaveLength(23);
});

it.each([
  ["RESOURCE:ENI", "no address left", "availability zones"],
  ["Capacity is unavailable at this time. Please try again later", undefined, "availability zones"],
  ["ATTRIBUTE", undefined, "requiresCompatibilities"],
  ["INACTIVE", undefined, "networkMode awsvpc"],
])("repeats ECS's words when it will not: %s", async (reason, detail, advice) => {
  const refused = Array.from({ length: 99 }, () => ({ tasks: [], refusals: [{ reason, detail }] }));
  await expect(starting(request, 1, refused)).rejects.toMatchObject({
    code: "task-not-started",
    seen: `It said: ${reason}${detail ? `: ${detail}` : ""}.`,
    advice: expect.stringContaining(advice) as string,
  });
});

it.each(["AGENT", "RESOURCE:MEMORY", "INACTIVE"])(
  "speaks of instances where the tasks run on some: %s",
  async (reason) => {
    const refused = Array.from({ length: 99 }, () => ({
      tasks: [],
      refusals: [{ reason, detail: undefined }],
    }));
    await expect(starting({ ...request, launchType: "EC2" }, 1, refused)).rejects.toMatchObject({
      advice: expect.stringContaining("an instance there has a connected agent") as string,
    });
  },
);

it("waits for an instance whose agent is disconnected", async () => {
  const refused = { tasks: [], refusals: [{ reason: "AGENT", detail: undefined }] };
  const onInstances = { ...request, launchType: "EC2" };
  expect((await starting(onInstances, 1, [refused, refused])).tasks).toHaveLength(1);
  expect(sent).toHaveLength(3);
  expect(log.lines[0]).toMatch(/could not be started now; trying again in \d+ s.* It said: AGENT\.$/);
});

it("tells why only some are started, and which those are", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "INACTIVE", detail: undefined }] };
  const none = { ...some, tasks: [] };
  expect(await starting(request, 3, [some, none])).toMatchObject({
    tasks: [{ arn: "a" }],
    refusal: { code: "task-not-started", seen: "It said: INACTIVE." },
  });
  expect(started).toEqual(["a"]);
});

it("goes on where one task of many fails", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "InternalError", detail: undefined }] };
  expect(await starting(request, 3, [some])).toMatchObject({ refusal: undefined });
  expect(started).toEqual(["a", "2/0", "2/1"]);
});

it("fails where a cancel cuts the start of the others short", async () => {
  const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "RESOURCE:ENI", detail: undefined }] };
  const cancelled = failure("cancelled", "by hand");
  await expect(starting(request, 3, [some, cancelled])).rejects.toBe(cancelled);
});

describe("where Fargate has no capacity", () => {
  const two = { ...request, network: { ...request.network, subnets: ["subnet-1", "subnet-2"] } };
  const none = { tasks: [], refusals: [{ reason: "Capacity is unavailable", detail: undefined }] };

  it("tries the subnets one by one, and then together again, until there is some", async () => {
    const { tasks } = await starting(two, 1, [none, none, shortage, none]);
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
    expect((await starting(two, 3, [some])).tasks).toHaveLength(3);
    expect(sent.map(({ count }) => count)).toEqual([3, 2]);
  });

  it("gives up in the end, with longer pauses in between", async () => {
    const calls = Array.from({ length: 99 }, () => none);
    await expect(starting(request, 1, calls)).rejects.toBeInstanceOf(NoCapacity);
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.length).toBeLessThan(9);
  });
});

describe("on Spot", () => {
  it("starts on demand the tasks that Spot has no capacity for", async () => {
    const some = { tasks: [aTask({ arn: "a" })], refusals: [{ reason: "RESOURCE:CPU", detail: undefined }] };
    expect((await starting(onSpot, 3, [some])).tasks).toHaveLength(3);
    expect(sent.map(({ count, capacityProviders }) => [count, capacityProviders])).toEqual([
      [3, [SPOT]],
      [2, []],
    ]);
    expect(log.lines).toEqual([expect.stringContaining("on demand")]);
  });

  it("does so when AWS throws it, too", async () => {
    expect((await starting(onSpot, 1, [shortage])).tasks).toHaveLength(1);
    expect(sent.map(({ capacityProviders }) => capacityProviders)).toEqual([[SPOT], []]);
  });

  it("waits for capacity on demand afterwards", async () => {
    expect((await starting(onSpot, 1, [shortage, shortage])).tasks).toHaveLength(1);
    expect(sent.map(({ capacityProviders }) => capacityProviders)).toEqual([[SPOT], [], []]);
  });

  it("fails at once for any other reason", async () => {
    const other = failure("task-not-started", "the cluster does not have these capacity providers");
    await expect(starting(onSpot, 1, [other])).rejects.toBe(other);
    expect(sent).toHaveLength(1);
  });
});

it("does without tags where they are not allowed and the user asked for none", async () => {
  await starting(request, 1, [noTags]);
  expect(sent[1]).toMatchObject({ tags: {}, propagateTags: undefined });
  expect(sent[1]?.clientToken).not.toBe(sent[0]?.clientToken);
});

it("sets the user's tags alone where no others are allowed, and says so", async () => {
  await starting(request, 1, [noTags], { team: "web" });
  expect(sent[1]).toMatchObject({ tags: { team: "web" }, propagateTags: undefined });
  expect(log.lines).toEqual([expect.stringContaining("with the tags of 'tags' alone (team)")]);
});

it("fails where the user's tags are not allowed", async () => {
  await expect(starting(request, 1, [noTags, noTags], { team: "web" })).rejects.toBe(noTags);
  expect(sent).toHaveLength(2);
});

it("fails at once for the user's tags in an account that has no tags", async () => {
  const none = new TagsNotEnabled({ failed: "", seen: "", advice: "" });
  await expect(starting(request, 1, [none], { team: "web" })).rejects.toBe(none);
  expect(sent).toHaveLength(1);
});
