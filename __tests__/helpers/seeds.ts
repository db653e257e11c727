/** How many of these runs the tests make: one in twenty, or all under `npm run soak fuzz`. */
export function sampleOf(runs: number): number {
  return process.env["FUZZ_ALL"] === "1" ? runs : Math.ceil(runs / SAMPLE);
}

const SAMPLE = 20;

/**
 * Runs a property for many seeds: a fixed corpus, from 1 on, and for a fifth of them fresh seeds, from FUZZ_FRESH on, which the run
 * prints. The same seed always makes the same case, so the line that a failure prints replays it:
 *
 *     FUZZ_SEED=4711 FUZZ_RUNS=1 npm test -- the.test.ts
 *
 * With FUZZ_SEED the seeds are that one and the following ones, FUZZ_RUNS in all.
 */
export function forEachSeed(runs: number, property: (seed: number) => void): void {
  const { stackTraceLimit } = Error;
  const seeds = theSeeds(runs);
  for (const seed of seeds) {
    try {
      // Properties that throw by design spend most of their time on stack traces.
      if (seeds.length > 1) Error.stackTraceLimit = 0;
      property(seed);
    } catch (cause) {
      Error.stackTraceLimit = stackTraceLimit;
      throw notWith(seed, cause);
    }
  }
  Error.stackTraceLimit = stackTraceLimit;
}

/** The same for a slow property: several seeds at a time, until one fails. */
export async function forEachSeedAtOnce(
  runs: number,
  atOnce: number,
  property: (seed: number) => Promise<void>,
): Promise<void> {
  const waiting = theSeeds(runs).values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const seed of waiting) {
      if (failed) return;
      await property(seed).catch((cause: unknown) => {
        failed = true;
        throw notWith(seed, cause);
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

function theSeeds(runs: number): number[] {
  const { FUZZ_SEED, FUZZ_RUNS, FUZZ_FRESH } = process.env;
  const count = Number(FUZZ_RUNS ?? runs);
  if (FUZZ_SEED !== undefined) return seedsFrom(Number(FUZZ_SEED), count);
  const fresh = Math.ceil(count / FRESH_SHARE);
  return [...seedsFrom(1, count - fresh), ...seedsFrom(Number(FUZZ_FRESH ?? 1_000_000), fresh)];
}

function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

function notWith(seed: number, cause: unknown): Error {
  const { testPath, currentTestName } = expect.getState();
  const file = testPath?.slice(testPath.indexOf("__tests__")) ?? "";
  const words = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${currentTestName ?? "It"} — not with seed ${seed}: ${words}\n` +
      `Replay: FUZZ_SEED=${seed} FUZZ_RUNS=1 npm test -- ${file}`,
    { cause },
  );
}

/** One seed in this many is fresh. */
const FRESH_SHARE = 5;

/** Numbers from 0 up to but not including 1, the same for the same seed. */
export type Random = () => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  // Neighbouring seeds would begin with similar numbers.
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
