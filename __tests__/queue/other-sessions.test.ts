import type { MatrixJob } from "../../src/inputs/inputs.ts";
import { waitForOtherSessions } from "../../src/queue/other-sessions.ts";
import { aTarget } from "../helpers/runs.ts";
import { Listener } from "../helpers/listener.ts";
import { forEachSeedAtOnce, randomOf, sampleOf } from "../helpers/seeds.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

interface Meeting {
  readonly matrixOf: (at: number) => MatrixJob | undefined;
  /** Milliseconds within which the runs begin. */
  readonly begin: number;
  /** The longest way of a call, there or back, in milliseconds. */
  readonly way: number;
  /** The longest time that AWS takes to open a session, in milliseconds. */
  readonly opens?: number;
  /** Whether the container's sessions are logged nowhere. */
  readonly unlogged?: boolean;
  /** By default 40. */
  readonly runs?: number;
  /** How many of them go on at once: the next one begins when one has ended. By default all. */
  readonly atOnce?: number;
  /** How long a session lasts on average, in milliseconds. */
  readonly session?: number;
}

const RUNS = 40;

/**
 * Lets runs meet in one container. Returns the most sessions at once, the number of looks, the seconds until the last session
 * ended, and the seconds that all sessions lasted together.
 */
async function meet(
  seed: number,
  { matrixOf, begin, way, opens = 0, unlogged = true, runs = RUNS, atOnce = runs, session = 1_500 }: Meeting,
) {
  const random = randomOf(seed);
  const clock = new SteppedClock();
  const began = clock.now();
  const active = new Map<number, { readonly since: number }>();
  let [most, ended] = [0, 0];
  let looks = 0;
  let inAll = 0;
  const trip = (): Promise<void> => clock.sleep(way * (0.2 + 0.8 * random()));
  const listSessions = async () => {
    looks += 1;
    await trip();
    const found = [...active].map(([at, { since }]) => ({ id: `s-${at}`, since, status: "Connected" }));
    await trip();
    return found;
  };
  const one = async (at: number): Promise<void> => {
    await clock.sleep(random() * begin);
    await waitForOtherSessions({
      ...{ target: aTarget(), sessionTarget: "ecs:c_t_r", deadline: Infinity, signal: undefined },
      ...{
        clock,
        log: new Listener(),
        random,
        matrix: matrixOf(at),
        ssm: { listActiveSessions: listSessions },
      },
      isUnlogged: () => Promise.resolve(unlogged),
    });
    await trip();
    await clock.sleep(opens * (0.5 + 0.5 * random()));
    active.set(at, { since: clock.now() });
    most = Math.max(most, active.size);
    const lasts = session * (0.5 + random());
    inAll += lasts;
    await clock.sleep(lasts);
    active.delete(at);
    ended += 1;
  };
  let next = 0;
  const oneByOne = async (): Promise<void> => {
    while (next < runs) await one(next++);
  };
  const all = Promise.all(Array.from({ length: atOnce }, oneByOne));
  await clock.runUntil(() => ended === runs);
  await all;
  return { most, looks, seconds: (clock.now() - began) / 1_000, inAll: inAll / 1_000 };
}

/** The exec agent runs two sessions and queues a third. A fourth blocks it. */
const MOST = 3;

const matrixOf = (index: number): MatrixJob => ({ index, total: 40, atOnce: 2 });

it.each([
  ["at once", 0],
  ["within three seconds", 3_000],
])(
  "two jobs of a matrix that begin %s, and each next one after an end, never bring a container a fourth session",
  async (_, begin) => {
    await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
      for (const [way, opens] of [
        [15, 0],
        [100, 700],
        [250, 700],
      ] as const) {
        const { most } = await meet(seed, { begin, way, opens, matrixOf, atOnce: 2 });
        expect(most).toBeLessThanOrEqual(MOST);
      }
    });
  },
);

it("two jobs of a matrix run side by side, and one by one where the container's sessions are logged", async () => {
  const pair = { matrixOf, begin: 3_000, way: 30, runs: 2, session: 20_000 };
  const [open, logged] = [await meet(1, pair), await meet(1, { ...pair, unlogged: false })];
  expect([open.most, logged.most]).toEqual([2, 1]);
});

it("40 unrelated runs that begin within ten seconds bring a container a fourth session in one of a hundred cases at most", async () => {
  const most: number[] = [];
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    most.push((await meet(seed, { begin: 10_000, way: 15, matrixOf: () => undefined })).most);
  });
  expect(most.filter((sessions) => sessions > MOST).length).toBeLessThanOrEqual(Math.ceil(most.length / 100));
});

it.each<[string, number, readonly number[]]>([
  ["at once pauses up to 1.8 s", 0, [1_800]],
  [
    "after another run's session pauses up to 4.3 s, since further runs may have waited for it",
    1,
    [1_300, 4_300],
  ],
])("before its second look a run that finds the container free %s", async (_, looksInUse, pauses) => {
  const clock = new SteppedClock();
  const log = new Listener();
  let looks = 0;
  const listActiveSessions = async () => {
    const isInUse = (looks += 1) <= looksInUse;
    return await Promise.resolve(isInUse ? [{ id: "s-1", since: clock.now(), status: "Connected" }] : []);
  };
  let isFree = false;
  const waited = waitForOtherSessions({
    ...{ target: aTarget(), sessionTarget: "ecs:c_t_r", deadline: Infinity, signal: undefined },
    ...{ clock, log, random: () => 1, matrix: undefined, ssm: { listActiveSessions } },
    isUnlogged: () => Promise.resolve(true),
  }).then(() => (isFree = true));
  await clock.runUntil(() => isFree);
  await waited;
  expect(clock.slept).toEqual(pauses);
});
