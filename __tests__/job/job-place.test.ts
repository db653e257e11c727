import type { ActiveSession } from "../../src/aws/ssm.ts";
import type { JobContext } from "../../src/job/context.ts";
import { JobPlace } from "../../src/job/job-place.ts";
import type { PreparedJob } from "../../src/job/prepare.ts";
import { Listener } from "../helpers/listener.ts";
import { anInputs, aTarget } from "../helpers/runs.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

/** The place of a lone job without a bucket. Each look at its container finds the next of these lists of sessions. */
function placeAmong(...looks: readonly (readonly ActiveSession[])[]) {
  const clock = new SleeplessClock();
  const asked: number[] = [];
  const activeSessions = (): Promise<readonly ActiveSession[]> => {
    asked.push(clock.now());
    return Promise.resolve(looks[asked.length - 1] ?? []);
  };
  const place = new JobPlace(
    {
      container: { sessionTarget: "ecs:c_t_r" },
      setup: new Promise(() => undefined),
    } as unknown as PreparedJob,
    {
      ...{ inputs: anInputs({ matrix: { index: 0, total: 1 } }), target: aTarget({ started: false }) },
      ...{ aws: { ssm: { activeSessions } }, clock, log: new Listener(), queues: true },
      cancel: new AbortController().signal,
    } as unknown as JobContext,
  );
  return { place, clock, asked };
}

it("a look that is less than three quarters of a second old is recent enough to open a session", async () => {
  const { place, clock, asked } = placeAmong([]);
  await place.take();
  clock.advance(700);
  await place.renewOldLook();
  expect(asked).toHaveLength(1);
});

it("a run that was held up since its look looks again, and waits for a session that was opened meanwhile", async () => {
  const other = { id: "s-other", status: "Connected", since: 0 };
  const { place, clock, asked } = placeAmong([], [other], [other], [], []);
  await place.take();
  clock.advance(800);
  await place.renewOldLook();
  expect(asked.length).toBeGreaterThanOrEqual(4);
  expect(clock.now() - (asked.at(-1) ?? 0)).toBeLessThanOrEqual(750);
});
