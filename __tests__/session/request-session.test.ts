import type { ExecuteCommandAnswer } from "../../src/aws/ecs.ts";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { requestSession } from "../../src/session/request-session.ts";
import { WaitLines } from "../../src/waiting.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aTask, CLUSTER, ID, TASK } from "../helpers/tasks.ts";

const session = { sessionId: "s", streamUrl: "wss://example", token: "t" };
const internal = { notConnected: "TargetNotConnectedException: internal error", throttled: false };
const pending = { notConnected: "InvalidParameterException: the agent isn't running", throttled: false };

let clock: SleeplessClock;
let log: Listener;
let looked: number[];
beforeEach(() => {
  clock = new SleeplessClock();
  log = new Listener();
  looked = [];
});

/** Requests a session within a minute. ECS gives these answers in turn, and then repeats the last one. */
function request(
  answers: readonly (ExecuteCommandAnswer | Error)[],
  {
    task = aTask(),
    signal,
    canNeverConnect,
    isLater = false,
    patience = 60_000,
  }: {
    task?: Task;
    signal?: AbortSignal;
    canNeverConnect?: () => Promise<boolean>;
    isLater?: boolean;
    patience?: number;
  } = {},
) {
  let count = 0;
  const ecs = {
    executeCommand: () => {
      const answer = answers[Math.min(count++, answers.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? { session });
    },
  };
  const describeTask = () => {
    looked.push(clock.now());
    return Promise.resolve(task);
  };
  const target = { clusterArn: CLUSTER, taskArn: TASK, taskId: ID, container: "app" };
  return requestSession(target, "/bin/sh", clock.now() + patience, {
    ...{ ecs, looks: { describeTask }, clock, lines: new WaitLines({ clock, log }), log, signal },
    ...{ canNeverConnect, isLater, random: () => 1 },
  });
}

it("returns the session at once when the agent takes it, and logs nothing", async () => {
  expect(await request([{ session }])).toEqual(session);
  expect(clock.slept).toEqual([]);
  expect(log.lines).toEqual([]);
});

it("in the first half minute it tries again within a second while the agent is not connected, and writes ECS's words to the debug log", async () => {
  expect(await request([pending, pending, internal, internal, internal, { session }])).toEqual(session);
  expect(clock.slept).toEqual([300, 450, 675, 1000, 1000]);
  expect(log.lines).toEqual(["waiting for the exec agent (0 s)", "exec agent takes a session (3 s)"]);
  expect(log.debugLines).toEqual([
    `ExecuteCommand: ${pending.notConnected}`,
    `ExecuteCommand: ${internal.notConnected}`,
  ]);
});

it("tries less often when AWS throttles", async () => {
  await request([...Array.from({ length: 8 }, () => ({ ...internal, throttled: true })), { session }]);
  expect(clock.slept.at(-1)).toBe(5_000);
  expect(log.lines[0]).toBe("waiting for ECS, which throttles ExecuteCommand (0 s)");
});

it("looks at the task meanwhile, no more often than every two seconds", async () => {
  await expect(request([internal])).rejects.toBeInstanceOf(Failure);
  expect(log.lines).toEqual(["waiting for the exec agent (0 s)", "waiting for the exec agent (30 s)"]);
  expect(looked.length).toBeGreaterThan(10);
  for (const [i, at] of looked.entries()) expect(at - (looked[i - 1] ?? 0)).toBeGreaterThanOrEqual(2_000);
});

it("looks at once at a task that took a session before, and gives up when it has stopped", async () => {
  const task = aTask({ lastStatus: "STOPPED" });
  await expect(request([internal], { task, isLater: true })).rejects.toMatchObject({ code: "task-stopped" });
  expect(clock.slept).toEqual([]);
});

it("gives up at the deadline with what was seen and what the agent needs", async () => {
  await expect(request([internal])).rejects.toMatchObject({
    code: "exec-not-ready",
    failed: `The container 'app' of task ${ID} took no session within 60 s.`,
    seen: `ExecuteCommand says ${internal.notConnected}. The task is RUNNING, its exec agent RUNNING.`,
    advice: expect.stringMatching(/ssmmessages:CreateControlChannel.*VPC endpoint/) as string,
  });
  expect(clock.slept.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(60_000);
});

it("says that it took no time when the deadline has passed already", async () => {
  await expect(request([internal], { patience: -15_000 })).rejects.toMatchObject({
    failed: `The container 'app' of task ${ID} took no session within 0 s.`,
  });
});

describe("an agent that takes long", () => {
  it("is given up early when its role's policies prove that it can never connect", async () => {
    const canNeverConnect = () => Promise.resolve(true);
    await expect(request([internal], { canNeverConnect })).rejects.toMatchObject({
      code: "exec-not-ready",
      failed: expect.stringMatching(/took no session within 1[5-9] s\.$/) as string,
    });
    expect(clock.slept.reduce((a, b) => a + b, 0)).toBeLessThan(20_000);
  });

  it("is waited for to the deadline when nothing is proven, and is looked at once", async () => {
    let asked = 0;
    const canNeverConnect = () => Promise.resolve((asked += 1) < 1);
    await expect(request([internal], { canNeverConnect })).rejects.toMatchObject({
      failed: `The container 'app' of task ${ID} took no session within 60 s.`,
    });
    expect(asked).toBe(1);
  });

  it("is not looked at when it connects as soon as others do", async () => {
    const canNeverConnect = () => Promise.reject(new Error("it was looked at"));
    expect(
      await request([...Array.from({ length: 12 }, () => internal), { session }], { canNeverConnect }),
    ).toEqual(session);
  });

  it("is waited for while the look has no answer, and an error of the look is no silence", async () => {
    const canNeverConnect = () => new Promise<boolean>(() => undefined);
    await expect(request([internal], { canNeverConnect })).rejects.toMatchObject({ code: "exec-not-ready" });
    const bug = new Error("a bug");
    await expect(request([internal], { canNeverConnect: () => Promise.reject(bug) })).rejects.toBe(bug);
  });
});

it("gives up when the task stops meanwhile, with the task's reason", async () => {
  const task = aTask({
    lastStatus: "STOPPED",
    stoppedReason: "Task stopped by user",
    stopCode: "UserInitiated",
  });
  await expect(request([internal], { task })).rejects.toMatchObject({
    code: "task-stopped",
    seen: expect.stringContaining("Task stopped by user") as string,
  });
});

describe("a refusal for another reason than the agent", () => {
  const refusal = (code: "aws-error" | "access-denied") =>
    new Failure(code, { failed: "no", seen: "", advice: "" });

  it("is thrown without another try", async () => {
    const denied = refusal("access-denied");
    await expect(request([denied])).rejects.toBe(denied);
    expect(clock.slept).toEqual([]);
  });

  it("is replaced by the reason why the task stopped", async () => {
    const task = aTask({ lastStatus: "STOPPED" });
    await expect(request([refusal("aws-error")], { task })).rejects.toMatchObject({
      code: "task-stopped",
    });
  });

  it("stays when the task runs", async () => {
    const odd = refusal("aws-error");
    await expect(request([odd])).rejects.toBe(odd);
  });
});

it("rejects with the reason of an abort", async () => {
  const cancelled = new Error("cancelled");
  await expect(request([internal], { signal: AbortSignal.abort(cancelled) })).rejects.toBe(cancelled);
});
