/**
 * Holds the simulation to the local Fargate: scripted scenarios with the same faults run as whole steps in both, and any difference of their
 * conclusions, codes, outputs and leftovers fails, and is printed. `BESIDE` is a pattern for the names of the scenarios to run, and with
 * `BESIDE_TIMELINE=1` the simulation's timelines are printed, too.
 */
import { compare } from "./beside/compare.ts";
import { type Named, SCENARIOS } from "./beside/scenarios.ts";

/** Most of the time a scenario waits. */
const AT_ONCE = Number(process.env["BESIDE_AT_ONCE"] ?? 2);
/** What is left is looked at so long after the last step. */
const REST_MS = 10_000;

const pattern = new RegExp(process.env["BESIDE"] ?? "");
const wanted = SCENARIOS.filter(({ name }) => pattern.test(name));
const left = [...wanted];
let same = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next);
  }),
);
console.log(`${same} of ${wanted.length} scenarios end in the same way in both`);
process.exitCode = same === wanted.length && same > 0 ? 0 : 1;

async function run(named: Named): Promise<void> {
  const began = Date.now();
  const [found, about] = await compare(named, REST_MS).then(
    ({ differences, simulatedSeconds, timeline }) => {
      if (process.env["BESIDE_TIMELINE"] === "1") console.log(timeline);
      return [differences, `simulated ${simulatedSeconds.toFixed(1)} s, `] as const;
    },
    (error: unknown) => [[String(error instanceof AggregateError ? error.errors : error)], ""] as const,
  );
  const verdict = found.length === 0 ? "the same" : "DIFFERENT";
  console.log(`${verdict}: ${named.name} (${about}in all ${Math.round((Date.now() - began) / 1_000)} s)`);
  for (const each of found) console.log(`  ${each}`);
  if (found.length === 0) same += 1;
}
