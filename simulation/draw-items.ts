import { drawEcs, drawSource, isStarting } from "./draw-tasks.ts";
import { itemsOf, itemText, parseItem } from "./items.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { Fault, ProcessName, RunnerOptions, Scenario, Script, ScriptLine } from "./scenario.ts";

/** The share of scenarios in which a step has items. */
const SCENARIOS = 0.15;
/** The share of these that keep the faults of the scenario besides those that are drawn for the items. */
const KEEP_FAULTS = 0.4;
/** The exit code for which an item may run again. */
const AGAIN = 75;
/** No script runs for longer than its items take one after the other in a worker. */
const LONGEST_MS = 600_000;
/** Inputs that no step has beside `items`, and those that it gets anew. */
const REPLACED = ["max-parallel", "artifacts", "workers", "retry", "retry-attempts", "fail-fast", "timeout"];
const PROCESSES: readonly ProcessName[] = [
  ...([
    "attacher",
    "uploader",
    "supervisor",
    "recorder",
    "job",
    "worker",
    "item-worker",
    "item-worker",
  ] as const),
];

/** Gives one step items. Its randomness is its own: the other scenarios stay as they are. */
export function drawItems(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x1b873593) ^ 0x17e5);
  if (!chance(random, SCENARIOS)) return scenario;
  const { runners } = scenario;
  const fit = [...runners.entries()].filter(([, runner]) => mayHaveItems(runner));
  if (fit.length === 0) return scenario;
  const [index, begun] = pick(random, fit);
  const ecs = {
    ...(scenario.ecs ?? drawEcs(random, scenario)),
    ...(chance(random, 0.8) && { mayDescribe: true, mayRegister: true, hasOwnEntryPoint: false }),
  };
  const starts =
    isStarting(begun) || (!("service" in begun.inputs) && !hasSharer(runners, index) && chance(random, 0.85));
  const runner = withItems(random, begun, index, {
    ...(starts && !isStarting(begun) && drawSource(random, ecs.service !== undefined)),
    ...(starts && drawTaskCount(random)),
  });
  const kept = chance(random, KEEP_FAULTS) ? scenario.faults : [];
  // Most cancels of other steps come before an item has begun.
  const usual = kept.filter(({ kind }) => kind !== "signal" || chance(random, 0.3));
  return {
    ...scenario,
    ...((starts || scenario.ecs !== undefined) && { ecs }),
    runners: runners.with(index, runner),
    faults: [...usual, ...drawFaults(random, runner, index)],
  };
}

function mayHaveItems({ follows, shares, clients, inputs }: RunnerOptions): boolean {
  return follows === undefined && shares === undefined && clients === undefined && !("detach" in inputs);
}

/** Whether another step shares its container by name, or runs in its task. */
function hasSharer(runners: readonly RunnerOptions[], index: number): boolean {
  return runners.some(({ shares, inputs }, at) => shares === index || (at === index && "matrix" in inputs));
}

function drawTaskCount(random: Random): Readonly<Record<string, string>> {
  const tasks = chance(random, 0.2) ? 1 : between(random, 2, 4);
  return tasks === 1 ? {} : { tasks: String(tasks) };
}

function withItems(
  random: Random,
  { inputs, ...runner }: RunnerOptions,
  index: number,
  more: Readonly<Record<string, string>>,
): RunnerOptions {
  const rest = Object.entries({ ...inputs, ...more }).filter(([name]) => !REPLACED.includes(name));
  const workers = between(random, 1, 4);
  const places = workers * Number(more["tasks"] ?? 1);
  return {
    ...runner,
    inputs: {
      ...Object.fromEntries(rest),
      timeout: pick(random, ["2m", "20m", "60m", "60m"]),
      ...(workers > 1 && { workers: String(workers) }),
      items: drawList(random, `r${index}`, places),
      ...(chance(random, 0.4) && { batch: String(between(random, 2, 5)) }),
      ...(!("lock" in inputs) && drawRetry(random)),
      ...(chance(random, 0.15) && { "fail-fast": "true" }),
    },
    script: drawScript(random, index),
  };
}

/** The list, as it stands in the input. */
function drawList(random: Random, name: string, places: number): string {
  const count = between(random, 1, pick(random, [3, 15, 60]));
  const [least, most] = pick(random, [
    [50, 2_000],
    [50, 20_000],
    [1_000, 60_000],
  ] as const);
  const fails = pick(random, [0, 0, 0.1, 0.3]);
  const longest = Math.max(least, Math.min(most, (LONGEST_MS * places) / count));
  return Array.from({ length: count }, (_, at) =>
    itemText({
      name: `${name} i${at}`,
      wait: Math.round(least + (longest - least) * random() ** 2),
      exitCodes: chance(random, fails) ? pick(random, [[1], [AGAIN], [AGAIN, 0], [AGAIN, AGAIN, 0]]) : [0],
    }),
  ).join("\n");
}

function drawRetry(random: Random): Readonly<Record<string, string>> {
  const reasons = [
    ...["spot", "infrastructure"].filter(() => chance(random, 0.5)),
    ...(chance(random, 0.25) ? ["unknown"] : []),
    ...(chance(random, 0.5) ? [String(AGAIN)] : []),
  ];
  if (reasons.length === 0) return {};
  return {
    retry: reasons.join(","),
    ...(chance(random, 0.4) && { "retry-attempts": String(between(random, 2, 4)) }),
  };
}

/** What the script does before its items. */
function drawScript(random: Random, index: number): Script {
  const lines: ScriptLine[] = [];
  if (chance(random, 0.3)) lines.push({ err: `err r${index} begins` });
  if (chance(random, 0.2)) lines.push({ part: `part r${index} begins ` });
  if (chance(random, 0.2)) lines.push({ secret: "SECRET" });
  if (chance(random, 0.1)) lines.push({ out: `out r${index} ${"x".repeat(between(random, 100, 30_000))}` });
  return {
    ...{ lines, exitCode: 0 },
    onTerm: pick(random, [
      "dies",
      "dies",
      "ignores",
      { afterMs: between(random, 100, 5_000), exitCode: between(random, 0, 9) },
    ] as const),
  };
}

/** What happens while the items run. */
function drawFaults(random: Random, runner: RunnerOptions, index: number): readonly Fault[] {
  const usual = pick(random, [0, 1, 1, 2, 3]);
  return Array.from({ length: usual }, () => drawFault(random, runner, index));
}

/** How long its items take when no worker waits, in milliseconds. */
function lengthOf({ inputs }: RunnerOptions): number {
  const all = itemsOf({ inputs }).reduce((sum, text) => sum + (parseItem(text)?.wait ?? 0), 0);
  const { workers = "1", tasks = "1" } = inputs;
  return Math.round(all / (Number(workers) * (tasks === "all" ? 1 : Number(tasks))));
}

function drawFault(random: Random, runner: RunnerOptions, index: number): Fault {
  const actor = `runner ${index}`;
  const place = isStarting(runner)
    ? `task ${between(random, 1, Number(runner.inputs["tasks"] ?? 1))} of ${actor}`
    : `container ${runner.container}`;
  const at = runner.at + between(random, 2_000, 15_000 + pick(random, [0.5, 1, 1]) * lengthOf(runner));
  const ms = between(random, 500, 90_000);
  const either = pick(random, [actor, place]);
  const roll = random();
  if (roll < 0.3)
    return { kind: "stop-task", actor: place, at, code: pick(random, ["UserInitiated", "SpotInterruption"]) };
  if (roll < 0.35) return { kind: "agent-dies", actor: place, at };
  if (roll < 0.45) return { kind: "cut", actor, at, isSilent: chance(random, 0.3) };
  if (roll < 0.55) return { kind: "s3-away", actor: either, at, ms };
  if (roll < 0.65) return { kind: "gateway-away", actor, at, ms, isSilent: chance(random, 0.3) };
  if (roll < 0.82) return { kind: "kill-process", actor: place, at, process: pick(random, PROCESSES) };
  if (roll < 0.88) return { kind: "pause", actor, at, ms };
  return { kind: "signal", actor, at, signal: pick(random, ["cancel", "cancel", "SIGKILL", "SIGTERM"]) };
}
