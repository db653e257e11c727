export { between, pick, type Random, randomOf } from "../../simulation/random.ts";

/** How many of these runs the tests make: one in eighty, or all under `npm run soak fuzz`. */
export function sampleOf(runs: number): number {
  return process.env["FUZZ_ALL"] === "1" ? runs : Math.ceil(runs / SAMPLE);
}

const SAMPLE = 80;

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
