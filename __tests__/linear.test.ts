import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { GROWING_INPUTS } from "./helpers/growing-inputs.ts";

/** Four times as much, and half as much again: buffers double now and then, and the counted steps of a search are powers of two. */
const MOST = 6;

const program = join(import.meta.dirname, "helpers/work-of-inputs.ts");
let counts: readonly (readonly [small: number, large: number])[] = [];
beforeAll(() => {
  const words = ["--allow-natives-syntax", "--disable-warning=ExperimentalWarning", program];
  counts = JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" })) as typeof counts;
}, 120_000);

describe("four times as much of what a container or a bucket may send is not sixteen times as much work", () => {
  it.each(GROWING_INPUTS.map(({ parser, what }, i) => [parser, what, i] as const))("%s: %s", (_, __, i) => {
    const [small = NaN, large = NaN] = counts[i] ?? [];
    expect(small).toBeGreaterThan(0);
    expect(large / small).toBeLessThanOrEqual(MOST);
  });
});
