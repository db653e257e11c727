import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { drawScenario } from "./draw.ts";
import type { Objected } from "./hunter.ts";
import { hunt } from "./hunters.ts";
import { judge } from "./oracle/rules.ts";
import type { Objection } from "./oracle/rule.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate, type Simulated } from "./simulate.ts";
import { Tally } from "./tally.ts";
import { inColumns } from "./timeline.ts";

const USAGE = `npm run simulate                              1,000 fresh seeds
npm run simulate -- --seeds 50 --from 4711    50 seeds from this one on
npm run simulate -- 4711                      replays a seed, and prints its timeline
npm run simulate -- simulation/corpus/x.json  replays a scenario
npm run simulate -- --workers 1               in one process; the default is one for each processor
npm run simulate -- --list                    goes on after an objection, and names each
`;

/** In a long run a line says so often how far it is. */
const SAID_AFTER = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string" },
    list: { type: "boolean", default: false },
    workers: { type: "string" },
    whole: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else if (positionals[0] !== undefined) await replay(scenarioOf(positionals[0]));
else await runSeeds(Number(values.from ?? Math.floor(Date.now() / 1000) * 1000), Number(values.seeds));

/** The scenario of a seed, or of a file. */
function scenarioOf(given: string): Scenario {
  if (/^\d+$/.test(given)) return drawScenario(Number(given));
  return JSON.parse(readFileSync(given, "utf8")) as Scenario;
}

async function replay(scenario: Scenario): Promise<void> {
  const ended = await simulate(scenario);
  const objections = judge(ended).objections;
  show(ended, objections);
  if (objections.length > 0) process.exitCode = 1;
}

/** Runs these seeds. A scenario that fails is made smaller and shown, and ends the run. */
async function runSeeds(from: number, seeds: number): Promise<void> {
  const tally = new Tally();
  let seconds = 0;
  let failed: Objected | undefined;
  process.stdout.write(`Seeds ${from} to ${from + seeds - 1}.\n`);
  const workers = Number(values.workers ?? availableParallelism());
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    interrupted.abort();
    process.exitCode = 130;
  });
  await hunt(
    { from, seeds, stops: !values.list, workers, signal: interrupted.signal },
    ({ figures, objected, seconds: more }) => {
      tally.merge(figures);
      seconds += more;
      if (values.list) for (const { seed, objections } of objected) list(seed, objections);
      failed = objected[0];
      const { seeds: done } = tally.figures;
      if (done % SAID_AFTER < figures.seeds && done < seeds)
        process.stdout.write(`${done} seeds, ${(tally.figures.steps / seconds).toFixed(1)} steps a second\n`);
    },
  );
  if (failed !== undefined && !values.list) await explain(failed.seed, failed.objections);
  process.stdout.write(tally.report(seconds));
}

async function explain(seed: number, objections: readonly Objection[]): Promise<void> {
  list(seed, objections);
  const wrong = new Set(objections.map(whatIsWrong));
  // What else were wrong would be of the smaller scenario: an input without the one that it needs.
  const fails = async (scenario: Scenario): Promise<boolean> => {
    const found = judge(await simulate(scenario)).objections.map(whatIsWrong);
    return found.length > 0 && found.every((each) => wrong.has(each));
  };
  const smallest = values.whole ? drawScenario(seed) : await shrink(drawScenario(seed), fails);
  const ended = await simulate(smallest);
  show(ended, judge(ended).objections);
  process.stdout.write(`${JSON.stringify(smallest, null, 2)}\nReplay: npm run simulate -- ${seed}\n`);
}

/** What a smaller scenario has to keep: the rule, and the code with which a step ended. Fewer inputs would soon be inputs that are refused. */
function whatIsWrong({ rule, text }: Objection): string {
  return `${rule} ${/^ends with ([\w-]+)/.exec(text)?.[1] ?? ""}`;
}

function list(seed: number, objections: readonly Objection[]): void {
  process.exitCode = 1;
  for (const { rule, actor, text } of objections)
    process.stdout.write(`Seed ${seed}: ${actor}: ${text} (${rule})\n`);
}

/** The timeline, with what the oracle objects to at its end. */
function show({ world }: Simulated, objections: readonly Objection[]): void {
  const { timeline } = world.base;
  for (const { rule, actor, text } of objections) timeline.note(actor, `OBJECTION: ${text} (${rule})`);
  process.stdout.write(inColumns(timeline.happenings));
}
