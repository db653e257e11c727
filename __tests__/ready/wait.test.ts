import type { Task } from "../../src/aws/task.ts";
import { waitUntilReady } from "../../src/ready/wait.ts";
import { WaitLines } from "../../src/waiting.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aContainer, aTask, CLUSTER, ID, TASK } from "../helpers/tasks.ts";

const pending = (task: Partial<Task>) =>
  aTask({ containers: [aContainer({ lastStatus: "PENDING" })], ...task });
const provisioning = pending({ lastStatus: "PROVISIONING" });
const pulling = pending({ lastStatus: "PENDING", pullStartedAt: 1 });
const nearly = aTask({ containers: [aContainer({ execAgent: { status: "PENDING", reason: undefined } })] });

let clock: SleeplessClock;
let log: Listener;
let looks: number;
beforeEach(() => {
  clock = new SleeplessClock();
  log = new Listener();
  looks = 0;
});

/** Waits at most one minute. ECS shows these tasks in turn and then repeats the last, each `answerMs` after the call. */
function waitForTask(
  shown: readonly (Task | undefined)[],
  {
    started = true,
    signal,
    stuckAfter,
    answerMs = 0,
  }: { started?: boolean; signal?: AbortSignal; stuckAfter?: number; answerMs?: number } = {},
) {
  const ecs = {
    describeTask: () => {
      clock.advance(answerMs);
      return Promise.resolve(shown[Math.min(looks++, shown.length - 1)]);
    },
  };
  const target = { clusterArn: CLUSTER, taskArn: TASK, taskId: ID, container: "app", started };
  const lines = new WaitLines({ clock, log });
  return waitUntilReady(target, clock.now() + 60_000, {
    ...{ ecs, clock, lines, signal, stuckAfter },
    random: () => 0.5,
  });
}

describe("a task that makes no progress", () => {
  const begun = pending({ lastStatus: "ACTIVATING" });
  const stuck = {
    code: "task-not-started",
    failed: expect.stringMatching(/no progress for \d+ s/) as string,
  };

  it.each<[string, readonly (Task | undefined)[]]>([
    ["never listed", [undefined]],
    ["without a network", [provisioning]],
    ["before its image is pulled", [provisioning, pending({ lastStatus: "PENDING" })]],
    [
      "after its image was pulled",
      [pulling, pending({ lastStatus: "PENDING", pullStartedAt: 1, pullStoppedAt: 2 })],
    ],
    ["whose containers do not start", [provisioning, begun]],
  ])("%s, is stuck after a while", async (_, shown) => {
    await expect(waitForTask(shown, { stuckAfter: 20_000 })).rejects.toMatchObject(stuck);
  });

  it.each<[string, readonly (Task | undefined)[]]>([
    [
      "a look in between has shown that it goes on",
      [...Array.from({ length: 8 }, () => provisioning), begun, begun, aTask()],
    ],
    ["its image is being pulled", [...Array.from({ length: 20 }, () => pulling), aTask()]],
    [
      "the task runs, and only one of its containers does not",
      [...Array.from({ length: 20 }, () => pending({ lastStatus: "RUNNING" })), aTask()],
    ],
  ])("is not stuck when %s", async (_, shown) => {
    expect(await waitForTask(shown, { stuckAfter: 20_000 })).toEqual(aTask());
  });

  it("is waited for until the deadline when it is not replaced", async () => {
    await expect(waitForTask([provisioning])).rejects.toMatchObject({ code: "timed-out" });
  });
});

it("returns a ready task after one look, without a pause", async () => {
  expect(await waitForTask([aTask()])).toEqual(aTask());
  expect(clock.slept).toEqual([]);
  expect(log.lines).toEqual(["task is ready (0 s)"]);
});

it("logs each change, with the seconds since the start, and the same thing again after half a minute", async () => {
  await waitForTask([undefined, provisioning, provisioning, pulling, pulling, aTask()]);
  expect(log.lines).toEqual([
    "task is not listed yet (0 s)",
    "task is PROVISIONING (2 s)",
    "pulling image example/app:1 (7 s)",
    "task is ready (11 s)",
  ]);
  log.lines.splice(0);
  looks = 0;
  await waitForTask([...Array.from({ length: 16 }, () => pulling), aTask()]);
  expect(log.lines).toEqual([
    "pulling image example/app:1 (0 s)",
    "pulling image example/app:1 (32 s)",
    "task is ready (36 s)",
  ]);
});

it("looks no more often than every two seconds", async () => {
  await waitForTask([provisioning, provisioning, provisioning, aTask()]);
  expect(Math.min(...clock.slept)).toBeGreaterThanOrEqual(2_000);
  expect(Math.max(...clock.slept)).toBeLessThanOrEqual(2_500);
});

it("looks less often while AWS throttles the account, and a last time at the deadline", async () => {
  await expect(waitForTask([provisioning], { answerMs: 3_000 })).rejects.toMatchObject({ code: "timed-out" });
  expect(clock.slept.slice(0, -1).every((ms) => ms >= 9_000 && ms <= 9_500)).toBe(true);
  expect(looks).toBe(6);
});

it("returns while the agent is PENDING, because opening a session is tried again", async () => {
  expect(await waitForTask([provisioning, nearly])).toEqual(nearly);
  expect(log.lines.at(-1)).toBe("waiting for the exec agent (2 s)");
});

it("fails at the deadline with what it saw", async () => {
  await expect(waitForTask([provisioning, pulling])).rejects.toMatchObject({
    code: "timed-out",
    failed: `The task ${ID} was not ready within 60 s.`,
    seen: "Seen: task is PROVISIONING (0 s), pulling image example/app:1 (2 s).",
    advice: expect.stringContaining("'start-timeout'") as string,
  });
  expect(clock.slept.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(60_000);
});

it("fails at the first look that shows the task stopped", async () => {
  const gone = aTask({ lastStatus: "STOPPED", stopCode: "TaskFailedToStart", startedAt: undefined });
  await expect(waitForTask([pulling, gone])).rejects.toMatchObject({ code: "task-not-started" });
  expect(looks).toBe(2);
});

it("fails with the agent's reason when the agent has stopped", async () => {
  const broken = aTask({ containers: [aContainer({ execAgent: { status: "STOPPED", reason: "denied" } })] });
  await expect(waitForTask([broken])).rejects.toMatchObject({
    code: "exec-agent-stopped",
    seen: expect.stringContaining("Its reason: denied.") as string,
  });
});

it("fails with task-not-found when ECS lists no such task and this run has not started it", async () => {
  await expect(waitForTask([undefined], { started: false })).rejects.toMatchObject({
    code: "task-not-found",
  });
});

it("rejects with the reason of an abort", async () => {
  const cancelled = new Error("cancelled");
  await expect(waitForTask([provisioning], { signal: AbortSignal.abort(cancelled) })).rejects.toBe(cancelled);
  expect(looks).toBe(0);
});
