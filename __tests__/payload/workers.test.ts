import { workerCount } from "../../src/payload/workers.ts";

describe("workerCount", () => {
  it.each<[number | "auto", number | undefined, number]>([
    ["auto", 256, 1],
    ["auto", 512, 1],
    ["auto", 1024, 1],
    ["auto", 1025, 2],
    ["auto", 1536, 2],
    ["auto", 2048, 2],
    ["auto", 16_384, 16],
    ["auto", 0, 1],
    ["auto", undefined, 1],
    [1, 4096, 1],
    [7, 256, 7],
    [3, undefined, 3],
  ])("of %s with %s cpu units is %i", (workers, cpu, count) => {
    expect(workerCount(workers, cpu)).toBe(count);
  });
});
