/**
 * `node simulation/hunt.ts FROM COUNT`: runs these seeds to their end, and prints a line of JSON for each to which the oracle objects:
 * `{"seed":1,"rules":["…"]}`. For programs that look for something; people have `npm run simulate`.
 */
import { drawScenario } from "./draw.ts";
import { judge } from "./oracle/rules.ts";
import { simulate } from "./simulate.ts";

const [from = 1, count = 1] = process.argv.slice(2).map(Number);
Error.stackTraceLimit = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const { objections } = judge(await simulate(drawScenario(seed)));
  const rules = [...new Set(objections.map(({ rule }) => rule))];
  if (rules.length > 0) process.stdout.write(`${JSON.stringify({ seed, rules })}\n`);
}
