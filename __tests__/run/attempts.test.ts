import { runAttempts } from "../../src/run/attempts.ts";
import { Failure } from "../../src/errors.ts";
import type { Retry } from "../../src/inputs/inputs.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { failedResult, statusResult, type TaskResult } from "../../src/report/result.ts";
import type { Candidates } from "../../src/targets/candidates.ts";
import type { Launcher } from "../../src/targets/start/launcher.ts";
import type { Target } from "../../src/targets/target.ts";
import { Listener } from "../helpers/listener.ts";
import { resolveContextOf } from "../helpers/resolving.ts";
import { aTarget } from "../helpers/runs.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aTask, ID } from "../helpers/tasks.ts";
import { someFacts } from "../report/example-results.ts";

const RETRY: Retry = { reasons: ["spot"], exitCodes: [75], attempts: 3 };

const exit = (exitCode: number) => (target: Target) =>
  statusResult(
    { kind: "ended", reason: "exited", workers: [{ worker: 0, exitCode, seconds: 1, stopped: false }] },
    someFacts({ target }),
  );
const spot = (target: Target): TaskResult =>
  failedResult(
    taskStopped(aTask({ lastStatus: "STOPPED", stopCode: "SpotInterruption" })),
    someFacts({ target }),
    true,
  );

const agentStopped = (target: Target): TaskResult =>
  failedResult(
    new Failure("exec-agent-stopped", { failed: "", seen: "", advice: "" }),
    someFacts({ target }),
    true,
  );

type ReplaceForRetry = Parameters<Launcher["replaceForRetry"]>[1];

/** Runs a job whose attempts end as `ends` says. Each has a new task. If `own` is false, all are in one running task. */
function runJobWithRetry(
  ends: readonly ((target: Target) => TaskResult)[],
  {
    retry,
    own = true,
    onPause = () => undefined,
    isNeeded,
  }: {
    retry: Retry | undefined;
    own?: boolean;
    onPause?: (cancel: AbortController) => void;
    isNeeded?: (isOver: boolean) => boolean;
  } = {
    retry: RETRY,
  },
) {
  const log = new Listener();
  const cancel = new AbortController();
  const tried: string[] = [];
  const asked: unknown[] = [];
  let tasks = 0;
  const launcher = {
    replaceForRetry: ({ taskId }: Target, { isNeeded: isStillNeeded, ...how }: ReplaceForRetry) => {
      asked.push([taskId.slice(-1), how]);
      if (!isStillNeeded()) return Promise.resolve(undefined);
      return Promise.resolve(aTarget({ taskId: String((tasks += 1)).repeat(32), started: true }));
    },
  } as unknown as Launcher;
  const clock = new (class extends SleeplessClock {
    override sleep(ms: number, signal?: AbortSignal): Promise<void> {
      onPause(cancel);
      return super.sleep(ms, signal);
    }
  })();
  const candidates: Candidates = own ? { kind: "new", launcher } : { kind: "none" };
  const run = (target: Target, attempt: number): Promise<TaskResult> => {
    tried.push(`${attempt}: ${target.taskId.slice(-1)}`);
    return Promise.resolve((ends[attempt - 1] ?? exit(0))(target));
  };
  const targets = resolveContextOf({ kind: "task", task: ID }, {});
  const result = runAttempts(aTarget({ taskId: "0".repeat(32), started: own }), run, {
    ...{ retry, isNeeded, candidates, targets, clock, log, cancel: cancel.signal },
  });
  return { result, tried, asked, log, clock };
}

it("runs a job once without 'retry'", async () => {
  const { result, tried } = runJobWithRetry([exit(75)], { retry: undefined });
  expect(await result).toMatchObject({ exitCode: 75 });
  expect(tried).toHaveLength(1);
});

it("runs the job again in a new task, which replaces the last one, until no reason of 'retry' applies", async () => {
  const { result, tried, asked, log } = runJobWithRetry([exit(75), spot]);
  expect(await result).toMatchObject({
    outcome: "succeeded",
    earlier: [
      { outcome: "failed", end: "exit code 75", reason: "exit code 75" },
      { outcome: "unknown", end: "task-stopped", reason: "spot" },
    ],
  });
  expect(tried).toEqual(["1: 0", "2: 1", "3: 2"]);
  // A task that Spot has taken is replaced by one on demand.
  expect(asked).toEqual([
    ["0", expect.objectContaining({ onDemand: false })],
    ["1", expect.objectContaining({ onDemand: true })],
  ]);
  expect(log.phases).toEqual(["Attempt 2 of 3", "Attempt 3 of 3"]);
});

it("runs the job as often as 'retry-attempts' says, with longer pauses", async () => {
  const { result, tried, clock } = runJobWithRetry([exit(75), exit(75), exit(75), exit(75)]);
  expect(await result).toMatchObject({ exitCode: 75, outcome: "failed" });
  expect(tried).toHaveLength(3);
  const [first = 0, second = 0] = clock.slept;
  expect([first >= 5_000, second >= 10_000, clock.slept.length]).toEqual([true, true, 2]);
});

it("runs the job again in the same running task, and not again when that task is gone", async () => {
  const same = runJobWithRetry([exit(75)], { retry: RETRY, own: false });
  expect(await same.result).toMatchObject({ outcome: "succeeded" });
  expect(same.tried).toEqual(["1: 0", "2: 0"]);
  const gone = runJobWithRetry([spot], { retry: RETRY, own: false });
  expect(await gone.result).toMatchObject({ outcome: "unknown" });
  expect(gone.tried).toHaveLength(1);
  expect(gone.log.lines).toContainEqual(expect.stringContaining("there is no task to run it in"));
});

it("ends as cancelled when a cancel comes in the pause between two attempts", async () => {
  const reason = new Failure("cancelled", { failed: "The run was cancelled.", seen: "", advice: "" });
  const { result, tried } = runJobWithRetry([exit(75)], {
    retry: RETRY,
    onPause: (cancel) => cancel.abort(reason),
  });
  expect(await result).toMatchObject({ outcome: "cancelled" });
  expect(tried).toHaveLength(1);
});

it("tells in which task a script is run again", async () => {
  const { result, log } = runJobWithRetry([spot, exit(0)]);
  await result;
  expect(log.lines).toContainEqual(`The script is run again for 'spot', in task ${"1".repeat(32)}.`);
});

it("starts no task for another attempt that has nothing to do any more after the pause", async () => {
  let isPaused = false;
  const { result, tried, asked } = runJobWithRetry([spot], {
    retry: RETRY,
    onPause: () => (isPaused = true),
    isNeeded: () => !isPaused,
  });
  expect(await result).toMatchObject({ outcome: "unknown" });
  expect([tried, asked]).toEqual([["1: 0"], []]);
});

it("says that what a script had is free for others only once the task in which it may still run has stopped", async () => {
  const asked: boolean[] = [];
  const isNeeded = (isOver: boolean): boolean => asked.push(isOver) < 4;
  const { result, tried, log } = runJobWithRetry([agentStopped, agentStopped], {
    retry: { ...RETRY, attempts: 3, reasons: ["infrastructure"] },
    isNeeded,
  });
  expect(await result).toMatchObject({ outcome: "unknown" });
  expect([asked, tried]).toEqual([
    [false, false, true, false],
    ["1: 0", "2: 1"],
  ]);
  expect(log.lines.join()).not.toContain("there is no task");
});
