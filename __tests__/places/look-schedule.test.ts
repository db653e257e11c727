import type { MatrixJob } from "../../src/inputs/inputs.ts";
import { waitForOtherSessions } from "../../src/places/other-sessions.ts";
import { makeSchedule } from "../../src/places/look-schedule.ts";
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
  { matrixOf, begin, way, opens = 0, unlogged = true, runs = RUNS, session = 1_500 }: Meeting,
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
  const all = Promise.all(Array.from({ length: runs }, (_, at) => one(at)));
  await clock.runUntil(() => ended === runs);
  await all;
  return { most, looks, seconds: (clock.now() - began) / 1_000, inAll: inAll / 1_000 };
}

/** The exec agent runs two sessions and queues a third. A fourth blocks it. */
const MOST = 3;

it.each([
  ["at once", 0],
  ["within three seconds", 3_000],
  ["within ten seconds", 10_000],
])("a matrix of 40 jobs that begin %s never brings a container a fourth session", async (_, begin) => {
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    for (const way of [15, 100, 250])
      for (const [session, opens] of [
        [1_500, 0],
        [1_500, 700],
        [6_000, 700],
      ] as const) {
        const { most } = await meet(seed, {
          ...{ begin, way, opens, session },
          matrixOf: (index) => ({ index, total: 40 }),
        });
        expect(most).toBeLessThanOrEqual(MOST);
      }
  });
});

it("40 unrelated runs that begin within ten seconds bring a container a fourth session in one of a hundred cases at most", async () => {
  const most: number[] = [];
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    most.push((await meet(seed, { begin: 10_000, way: 15, matrixOf: () => undefined })).most);
  });
  expect(most.filter((sessions) => sessions > MOST).length).toBeLessThanOrEqual(Math.ceil(most.length / 100));
});

it("a matrix of three never brings a container a fourth session, and two of its jobs run side by side", async () => {
  const shares: number[] = [];
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    const matrixOf = (index: number): MatrixJob => ({ index, total: 3 });
    const met = await meet(seed, { matrixOf, begin: 300, way: 250, runs: 3, session: 6_000 });
    expect(met.most).toBeLessThanOrEqual(MOST);
    shares.push(met.seconds / met.inAll);
  });
  // One by one they would take longer than the sessions alone.
  expect(Math.max(...shares)).toBeLessThan(1);
});

it.each([4, 10])(
  "three matrices of %d jobs, by whose slots the same jobs look at once, never bring a container a fourth session",
  async (total) => {
    await forEachSeedAtOnce(sampleOf(100), 1, async (seed) => {
      for (const [way, opens] of [
        [30, 0],
        [100, 200],
      ] as const) {
        const matrixOf = (at: number): MatrixJob => ({ index: at % total, total });
        const { most } = await meet(seed, {
          matrixOf,
          begin: 3_000,
          way,
          opens,
          runs: 3 * total,
          session: 3_000,
        });
        expect(most).toBeLessThanOrEqual(MOST);
      }
    });
  },
);

it("a container whose sessions are logged takes the jobs of a matrix one by one", async () => {
  const matrixOf = (index: number): MatrixJob => ({ index, total: 3 });
  const met = await meet(1, { matrixOf, begin: 300, way: 30, runs: 3, session: 3_000, unlogged: false });
  expect(met.most).toBe(1);
});

it("a matrix gets through sooner than unrelated runs, and with half of their looks", async () => {
  const matrix = await meet(1, { begin: 0, way: 30, matrixOf: (index) => ({ index, total: 40 }) });
  const unrelated = await meet(1, { begin: 0, way: 30, matrixOf: () => undefined });
  expect(matrix.seconds).toBeLessThan(unrelated.seconds);
  expect(matrix.looks).toBeLessThan(unrelated.looks / 2);
});

/** Milliseconds. */
const SLOT = 500;
const ROUND = 40 * SLOT;

describe("a run that sees one session", () => {
  const random = (): number => 0.999;
  const since = ROUND * 99;
  const connected = { id: "s-1", status: "Connected", since };

  it("waits for it when the other runs are not known, or when its matrix has no other job", () => {
    const look = { asked: since + 60_000, answered: since + 60_050 };
    for (const matrix of [undefined, { index: 0, total: 1 }])
      expect(makeSchedule(matrix, random).mayJoin(look, connected)).toBe(false);
  });

  it("joins it in its slot when its matrix has three jobs at most, once the session is a second old, while it has a client", () => {
    const schedule = makeSchedule({ index: 2, total: 3 }, random);
    const slot = 1_500 * 20_000 + 2 * SLOT;
    const joins = (asked: number, ms = 100, session: object = { since: 0 }): boolean =>
      schedule.mayJoin({ asked, answered: asked + ms }, { ...connected, ...session });
    expect([slot, slot + 125, slot + 126, slot + 1_500].map((asked) => joins(asked))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(joins(slot, 501)).toBe(false);
    expect([999, 1_000].map((age) => joins(slot, 100, { since: slot - age }))).toEqual([false, true]);
    expect(joins(slot, 100, { since: undefined })).toBe(false);
    expect(joins(slot, 100, { since: 0, status: "Disconnected" })).toBe(false);
  });

  it("waits for it when its matrix has a fourth job", () => {
    const schedule = makeSchedule({ index: 2, total: 4 }, random);
    const slot = 2_000 * 20_000 + 2 * SLOT;
    expect(schedule.mayJoin({ asked: slot, answered: slot + 100 }, { ...connected, since: 0 })).toBe(false);
    expect(schedule.mayReplace({ asked: slot, answered: slot + 100 })).toBe(true);
  });
});

describe("a run that sees no session", () => {
  const random = (): number => 0.999;
  const look = { asked: 1_000, answered: 1_050 };

  it("goes on at once when its matrix has no other job, unless it has waited", () => {
    const waiting = { contended: false, confirmed: false };
    const lone = makeSchedule({ index: 0, total: 1 }, random);
    expect(lone.mayGo(look, waiting)).toBe(true);
    expect(lone.mayGo(look, { ...waiting, contended: true })).toBe(false);
    expect(makeSchedule(undefined, random).mayGo(look, waiting)).toBe(false);
  });

  it("looks again in its own slot, which comes within a round", () => {
    const schedule = makeSchedule({ index: 2, total: 40 }, random);
    const slot = ROUND * 100 + 2 * SLOT;
    expect(schedule.pause(slot - 100, false).ms).toBe(100);
    expect(schedule.poll(slot)).toBe(ROUND);
  });

  it("goes on in the first quarter of its own slot, after a slow answer only the second time", () => {
    const schedule = makeSchedule({ index: 2, total: 40 }, random);
    const slot = ROUND * 100 + 2 * SLOT;
    const mayGo = (asked: number, ms: number, confirmed = false): boolean =>
      schedule.mayGo({ asked, answered: asked + ms }, { contended: true, confirmed });
    expect([mayGo(slot, 100), mayGo(slot + 125, 500), mayGo(slot, 600, true)]).toEqual([true, true, true]);
    expect([mayGo(slot + 126, 100, true), mayGo(slot - 1, 100), mayGo(slot, 501)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
