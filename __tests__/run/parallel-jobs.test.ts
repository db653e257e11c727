import { setImmediate as turn } from "node:timers/promises";
import { runInParallel, type ParallelContext } from "../../src/run/parallel-jobs.ts";
import { Failure } from "../../src/errors.ts";
import { endInWords, type TaskResult } from "../../src/report/result.ts";
import { Listener } from "../helpers/listener.ts";
import { anInputs } from "../helpers/runs.ts";
import { aResult } from "../report/example-results.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const CANCELLED = new Failure("cancelled", { failed: "", seen: "", advice: "" });

/** Runs jobs that end when the test says so. */
function runJobs(
  total: number,
  {
    find = () => Promise.resolve(),
    onEnd = () => Promise.resolve(),
    ...more
  }: Partial<ParallelContext["inputs"]> & {
    find?: (task: number) => Promise<void>;
    onEnd?: () => Promise<void>;
  } = {},
  cancelled?: AbortSignal,
) {
  const [log, clock, cancel] = [new Listener(), new SteppedClock(), new AbortController()];
  const ends = new Map<number, (result: TaskResult) => void>();
  const begun: number[] = [];
  const run = (task: number): Promise<TaskResult> => {
    begun.push(task);
    return new Promise((resolve) => ends.set(task, resolve));
  };
  const inputs = anInputs(more);
  const results = runInParallel(
    { find, run, onEnd },
    {
      inputs,
      log,
      clock,
      cancel: cancelled ?? cancel.signal,
      total,
      atOnce: total,
    },
  );
  const end = async (task: number, code = "0"): Promise<void> => {
    ends.get(task)?.(aResult("exited", code));
    await turn();
  };
  return { results, log, clock, cancel, begun, end };
}

it("all jobs begin at once", async () => {
  const { results, begun, end } = runJobs(3);
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  for (const task of [2, 0, 1]) await end(task, String(task));
  expect((await results).map(({ exitCode }) => exitCode)).toEqual([0, 1, 2]);
});

it("with fail-fast no job begins whose task is no longer started when another one has failed", async () => {
  let giveUp = (): void => undefined;
  const find = (task: number): Promise<void> =>
    task === 0 ? Promise.resolve() : new Promise((resolve) => (giveUp = resolve));
  const onEnd = async (): Promise<void> => {
    giveUp();
    await turn();
  };
  const { results, begun, end } = runJobs(2, { find, onEnd, failFast: true });
  await turn();
  await end(0, "1");
  expect((await results).map(({ exitCode }) => exitCode)).toEqual([1]);
  expect(begun).toEqual([0]);
});

it("with max-parallel the next job begins when one has ended", async () => {
  const { results, begun, end } = runJobs(4, { maxParallel: 2 });
  await turn();
  expect(begun).toEqual([0, 1]);
  await end(1, "1");
  expect(begun).toEqual([0, 1, 2]);
  for (const task of [2, 0, 3]) await end(task);
  expect((await results).map(({ exitCode }) => exitCode)).toEqual([0, 1, 0, 0]);
});

it("with fail-fast no job begins after a failure, and running jobs go on", async () => {
  const { results, log, begun, end } = runJobs(5, { maxParallel: 2, failFast: true });
  await turn();
  await end(0);
  await end(2, "3");
  await end(1);
  expect((await results).map(({ exitCode }) => exitCode)).toEqual([0, 0, 3]);
  expect(begun).toEqual([0, 1, 2]);
  expect(log.lines).toEqual([
    "3 of 5 jobs begun, 3 ended, 1 of them failed",
    "A job has failed, so that no further one is begun ('fail-fast'): 2 are left.",
  ]);
});

it("each job begins as soon as its task is there, and with fail-fast none begins after a failure", async () => {
  const there = new Map<number, () => void>();
  const find = (task: number): Promise<void> => new Promise((resolve) => there.set(task, resolve));
  const { results, begun, log, end } = runJobs(4, { failFast: true, find });
  const come = async (task: number): Promise<void> => {
    there.get(task)?.();
    await turn();
  };
  expect(begun).toEqual([]);
  await come(2);
  expect(begun).toEqual([2]);
  await come(0);
  await end(0, "1");
  for (const task of [1, 3]) await come(task);
  await end(2);
  expect((await results).map(({ exitCode }) => exitCode)).toEqual([1, 0]);
  expect(begun).toEqual([2, 0]);
  expect(log.lines[0]).toBe("2 of 4 jobs begun, 2 ended, 1 of them failed");
});

it.each(["cancelled", "lock-lost"] as const)(
  "no job begins after a cancel, and the rest fail for its reason: %s",
  async (code) => {
    const { results, begun, cancel, end } = runJobs(3, { maxParallel: 1 });
    await turn();
    cancel.abort(new Failure(code, { failed: "", seen: "", advice: "" }));
    await end(0);
    expect((await results).map((result) => endInWords(result))).toEqual(["exit code 0", code, code]);
    expect(begun).toEqual([0]);
  },
);

it("a cancel before the first job still gives a result for each job", async () => {
  const { results, begun } = runJobs(2, {}, AbortSignal.abort(CANCELLED));
  expect((await results).map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
  expect(begun).toEqual([]);
});

it("every five seconds the log says how far the many jobs of a step are, when that has changed", async () => {
  const { results, log, clock, end } = runJobs(30, { maxParallel: 25 });
  await turn();
  clock.advance(5_000);
  clock.advance(5_000);
  await end(3, "1");
  clock.advance(5_000);
  for (let task = 0; task < 30; task += 1) await end(task);
  await results;
  expect(log.lines).toEqual([
    "25 of 30 jobs begun, 0 ended, 0 of them failed",
    "26 of 30 jobs begun, 1 ended, 1 of them failed",
    "30 of 30 jobs begun, 30 ended, 1 of them failed",
  ]);
});
