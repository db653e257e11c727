import type { Clock } from "../../src/clock.ts";
import type { MatrixJob } from "../../src/inputs/inputs.ts";
import { waitForOtherSessions } from "../../src/places/other-sessions.ts";
import { turnsOf } from "../../src/places/turns.ts";
import { aTarget } from "../helpers/runs.ts";
import { Listener } from "../helpers/listener.ts";
import { forEachSeedAtOnce, randomOf, sampleOf } from "../helpers/seeds.ts";

/** Time that jumps to the end of the next sleep. */
class JumpingClock implements Clock {
  #now = 1_700_000_000_000;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ at: this.#now + Math.max(0, ms), wake }));
  }

  every(): () => void {
    return () => undefined;
  }

  /** Runs until nothing sleeps any more. */
  async run(): Promise<void> {
    for (;;) {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      const [next] = this.#sleepers.toSorted((a, b) => a.at - b.at);
      if (next === undefined) return;
      this.#sleepers = this.#sleepers.filter((each) => each !== next);
      this.#now = next.at;
      next.wake();
    }
  }
}

interface Meeting {
  readonly matrixOf: (at: number) => MatrixJob | undefined;
  /** Milliseconds within which the runs begin. */
  readonly begin: number;
  /** The longest way of a call, there or back, in milliseconds. */
  readonly way: number;
}

const RUNS = 40;
const SESSION_MS = 1_500;

/**
 * Lets runs meet in one container. Returns the most sessions at once, all looks, and when the last session ended, in
 * seconds.
 */
async function meet(seed: number, { matrixOf, begin, way }: Meeting) {
  const random = randomOf(seed);
  const clock = new JumpingClock();
  const began = clock.now();
  const active = new Set<number>();
  let most = 0;
  let looks = 0;
  const trip = (): Promise<void> => clock.sleep(way * (0.2 + 0.8 * random()));
  const listed = async () => {
    looks += 1;
    await trip();
    const found = [...active].map((at) => ({ id: `s-${at}`, since: undefined, status: "Connected" }));
    await trip();
    return found;
  };
  const one = async (at: number): Promise<void> => {
    await clock.sleep(random() * begin);
    await waitForOtherSessions({
      ...{ target: aTarget(), sessionTarget: "ecs:c_t_r", deadline: Infinity, signal: undefined },
      ...{ clock, log: new Listener(), random, matrix: matrixOf(at), ssm: { activeSessions: listed } },
    });
    await trip();
    active.add(at);
    most = Math.max(most, active.size);
    await clock.sleep(SESSION_MS * (0.5 + random()));
    active.delete(at);
  };
  const all = Promise.all(Array.from({ length: RUNS }, (_, at) => one(at)));
  await clock.run();
  await all;
  return { most, looks, seconds: (clock.now() - began) / 1_000 };
}

/** The exec agent runs two sessions and queues a third. A fourth blocks it. */
const MOST = 3;

it.each([
  ["at once", 0],
  ["within three seconds", 3_000],
  ["within ten seconds", 10_000],
])("a matrix of 40 jobs that begin %s never brings a container a fourth session", async (_, begin) => {
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    for (const way of [15, 100, 250]) {
      const { most } = await meet(seed, { begin, way, matrixOf: (index) => ({ index, total: 40 }) });
      expect(most).toBeLessThanOrEqual(MOST);
    }
  });
});

it("40 unrelated runs that begin within ten seconds never bring it a fourth either", async () => {
  await forEachSeedAtOnce(sampleOf(300), 1, async (seed) => {
    const { most } = await meet(seed, { begin: 10_000, way: 15, matrixOf: () => undefined });
    expect(most).toBeLessThanOrEqual(MOST);
  });
});

it("a matrix gets through sooner than unrelated runs, and with half of their looks", async () => {
  const matrix = await meet(1, { begin: 0, way: 30, matrixOf: (index) => ({ index, total: 40 }) });
  const unrelated = await meet(1, { begin: 0, way: 30, matrixOf: () => undefined });
  expect(matrix.seconds).toBeLessThan(unrelated.seconds);
  expect(matrix.looks).toBeLessThan(unrelated.looks / 2);
});

describe("a run that sees no session", () => {
  const random = (): number => 0.999;
  const look = { asked: 1_000, answered: 1_050 };

  it("goes on at once where its workflow's job has no other, unless it has waited", () => {
    const waiting = { contended: false, confirmed: false };
    const lone = turnsOf({ index: 0, total: 1 }, random);
    expect(lone.mayGo(look, waiting)).toBe(true);
    expect(lone.mayGo(look, { ...waiting, contended: true })).toBe(false);
    expect(turnsOf(undefined, random).mayGo(look, waiting)).toBe(false);
  });

  it("looks again in its own slot, which comes within a round", () => {
    const turns = turnsOf({ index: 2, total: 40 }, random);
    const slot = 40 * 250 * 100 + 2 * 250;
    expect(turns.pause(slot - 100, false).ms).toBe(100);
    expect(turns.poll(slot)).toBe(40 * 250);
  });

  it("goes on in its own slot, by a slow answer only at the second time", () => {
    const turns = turnsOf({ index: 2, total: 40 }, random);
    const slot = 40 * 250 * 100 + 2 * 250;
    const mayGo = (asked: number, ms: number, confirmed = false): boolean =>
      turns.mayGo({ asked, answered: asked + ms }, { contended: true, confirmed });
    expect([mayGo(slot, 100), mayGo(slot + 249, 500), mayGo(slot, 600, true)]).toEqual([true, true, true]);
    expect([mayGo(slot + 250, 100, true), mayGo(slot - 1, 100), mayGo(slot, 501)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
