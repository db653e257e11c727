import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Of these cases a fifth has fresh seeds, which the run prints. `npm run soak hostile` runs 100,000. */
const FIXED = 15;
const FRESH = 8;

const program = join(import.meta.dirname, "run-cases.ts");

/**
 * The cases run in a process of their own, in which the gateway alone is replaced. To replay one:
 *
 *     node __tests__/hostile/run-cases.ts SEED 1
 */
function runCases(first: number, count: number): string {
  const node = ["--max-old-space-size=96", "--disable-warning=ExperimentalWarning"];
  const words = [...node, program, String(first), String(count)];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  return stdout + stderr;
}

it.each([
  ["a fixed corpus", 1, FIXED],
  ["fresh seeds", Number(process.env["FUZZ_FRESH"] ?? 1_000_000), FRESH],
])(
  "whatever a container or a bucket says, no step crashes, no red job is green, and nothing is called or written that is not due: %s",
  (_, first, count) => {
    expect(runCases(first, count)).toMatch(
      new RegExp(`^seeds ${first} to ${first + count - 1}: 0 failed; .*\n$`),
    );
  },
  120_000,
);
