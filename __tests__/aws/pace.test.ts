import { LAUNCHES, Pace, paceChanges } from "../../src/aws/pace.ts";
import { SleeplessClock, SteppedClock } from "../helpers/stepped-clock.ts";

const A_CALL_MS = 60;

/** Fargate's own rate: a burst of 100, then 20 a second. */
const floorOf = (tasks: number): number => ((tasks - 100) / 20) * 1_000;

it.each([100, 300, 1_000])(
  "%d tasks are asked for as fast as Fargate starts them, and not faster",
  async (tasks) => {
    const clock = new SleeplessClock();
    const began = clock.now();
    const pace = new Pace(LAUNCHES, clock);
    for (let asked = 10; asked <= tasks; asked += 10) {
      await pace.wait(10, undefined);
      const passed = clock.now() - began;
      expect(passed).toBeGreaterThanOrEqual(floorOf(asked));
      expect(passed).toBeLessThanOrEqual(Math.max((asked / 10) * A_CALL_MS, floorOf(asked) * 1.1));
      clock.advance(A_CALL_MS);
    }
  },
);

it("a run that has waited may start a burst again, and no more than that", async () => {
  const clock = new SleeplessClock();
  const pace = new Pace(LAUNCHES, clock);
  for (let asked = 0; asked < 20; asked += 1) await pace.wait(10, undefined);
  clock.advance(60_000);
  const before = clock.now();
  for (let asked = 0; asked < 10; asked += 1) await pace.wait(10, undefined);
  expect(clock.now()).toBe(before);
  await pace.wait(10, undefined);
  expect(clock.now() - before).toBe(Math.ceil(10_000 / LAUNCHES.aSecond));
});

it("the calls of a run and of its cleanup share one rate, and an aborted wait uses up none of it", async () => {
  const clock = new SteppedClock();
  const done: string[] = [];
  const paced = paceChanges(clock);
  const calls = (name: string) => ({
    runTask: () => Promise.reject(new Error("RunTask was called")),
    executeCommand: () => Promise.resolve(void done.push(name) as never),
    stopTask: () => Promise.resolve(void done.push(name)),
  });
  const cancel = new AbortController();
  const run = paced(calls("run"), cancel.signal);
  const cleanup = paced(calls("cleanup"));
  const request = { cluster: "c", task: "t", container: "app", command: "x" };
  const running = Array.from({ length: 200 }, () => run.executeCommand(request));
  await Promise.all(running.slice(0, 100));
  expect(done).toHaveLength(100);
  cancel.abort();
  expect((await Promise.allSettled(running)).filter(({ status }) => status === "rejected")).toHaveLength(100);
  const stopping = cleanup.stopTask("c", "t", "why");
  await clock.pass(1, 50);
  await stopping;
  expect(done.at(-1)).toBe("cleanup");
});
