import { forEachSeed, sampleOf } from "./seeds.ts";

const { FUZZ_SEED, FUZZ_RUNS, FUZZ_FRESH, FUZZ_ALL } = process.env;
const before = { FUZZ_SEED, FUZZ_RUNS, FUZZ_FRESH, FUZZ_ALL };

beforeEach(() => {
  for (const name of Object.keys(before)) Reflect.deleteProperty(process.env, name);
});

afterAll(() => {
  for (const [name, value] of Object.entries(before)) if (value !== undefined) process.env[name] = value;
});

function seedsOf(runs: number): number[] {
  const seeds: number[] = [];
  forEachSeed(runs, (seed) => seeds.push(seed));
  return seeds;
}

it("a run has the corpus, and a fifth of its seeds are fresh", () => {
  process.env["FUZZ_FRESH"] = "5000";
  expect(seedsOf(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 5000, 5001]);
});

it("a seed that is named is replayed alone", () => {
  process.env["FUZZ_SEED"] = "5001";
  process.env["FUZZ_RUNS"] = "1";
  expect(seedsOf(10)).toEqual([5001]);
});

it("a failure names its seed and how to replay it", () => {
  process.env["FUZZ_FRESH"] = "5000";
  const failing = (): void =>
    forEachSeed(10, (seed) => {
      if (seed === 5000) throw new Error("no");
    });
  expect(failing).toThrow(
    /not with seed 5000: no\nReplay: FUZZ_SEED=5000 FUZZ_RUNS=1 npm test -- __tests__\/helpers/,
  );
});

it("the tests make one run in eighty, and under 'npm run soak fuzz' all", () => {
  expect([sampleOf(2_700), sampleOf(5)]).toEqual([34, 1]);
  process.env["FUZZ_ALL"] = "1";
  expect(sampleOf(2_700)).toBe(2_700);
});
