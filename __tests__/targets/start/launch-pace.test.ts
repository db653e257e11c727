import { LaunchPace } from "../../../src/targets/start/launch-pace.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

const A_CALL_MS = 60;

/** Fargate's own rate: a burst of 100, then 20 a second. */
const floorOf = (tasks: number): number => ((tasks - 100) / 20) * 1_000;

it.each([100, 300, 1_000])(
  "%d tasks are asked for as fast as Fargate starts them, and not faster",
  async (tasks) => {
    const clock = new SleeplessClock();
    const began = clock.now();
    const pace = new LaunchPace(clock);
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
  const pace = new LaunchPace(clock);
  for (let asked = 0; asked < 20; asked += 1) await pace.wait(10, undefined);
  clock.advance(60_000);
  const before = clock.now();
  for (let asked = 0; asked < 10; asked += 1) await pace.wait(10, undefined);
  expect(clock.now()).toBe(before);
  await pace.wait(10, undefined);
  expect(clock.now() - before).toBe(500);
});
