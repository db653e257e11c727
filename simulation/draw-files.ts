import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { BroughtFile, ContainerOptions, Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** The share of scenarios in which steps bring files into their containers, and of the steps that do so in them. */
const SCENARIOS = 0.05;
const STEPS = 0.75;

/** Lets some steps bring files. Its randomness is its own: the other scenarios stay as they are. */
export function drawFiles(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x85ebca6b) ^ 0xf11e);
  if (!chance(random, SCENARIOS)) return scenario;
  const salt = between(random, 1, 1_000_000);
  const runners = scenario.runners.map((runner, index) => {
    if (runner.clients !== undefined || runner.follows !== undefined) return runner;
    // Every attempt of a workflow job has the same checkout.
    const first = firstAttemptOf(scenario.runners, index);
    const own = randomOf(salt + first);
    return chance(own, STEPS) ? withFiles(own, runner, first) : runner;
  });
  const bringing = [...runners.entries()].filter(([, { files }]) => files !== undefined);
  const faults = bringing.flatMap(([index, runner]) => drawFaults(random, runner, index));
  const containers = scenario.containers.map((container) =>
    chance(random, 0.1) ? withDirectory(random, container, runners) : container,
  );
  return { ...scenario, containers, runners, faults: [...scenario.faults, ...faults] };
}

function firstAttemptOf(runners: readonly RunnerOptions[], index: number): number {
  const before = runners[index]?.reruns ?? runners[index]?.twin;
  return before === undefined ? index : firstAttemptOf(runners, before);
}

function withFiles(random: Random, runner: RunnerOptions, index: number): RunnerOptions {
  const from = `in/r${index}`;
  const to = pick(random, [from, from, `/srv/r${index}`, `conf/r${index}`]);
  const isFewer = chance(random, 0.25);
  const files = Array.from({ length: between(random, 1, 6) }, (_, at): BroughtFile => {
    const path = `d${at % 3}/f${at}.bin`;
    const size = pick(random, [0, 100, 5_000, 5_000, between(random, 1, 200_000), drawLarge(random)]);
    return {
      file: `${from}/${path} ${size}`,
      ...((!isFewer || at === 0) && { to: `${to}/${path}` }),
    };
  });
  const line = to === from ? from : `${from}/**=${to}`;
  const input = isFewer ? [line, ...[1, 2, 3, 4, 5].map((at) => `!**/f${at}.bin`)].join("\n") : line;
  return { ...runner, files, inputs: { ...runner.inputs, files: input } };
}

/** Seldom more than can be typed. */
function drawLarge(random: Random): number {
  return chance(random, 0.15) ? between(random, 1_000_000, 3_000_000) : between(random, 1, 400_000);
}

/** In the place of a file the image has a directory. */
function withDirectory(
  random: Random,
  container: ContainerOptions,
  runners: readonly RunnerOptions[],
): ContainerOptions {
  const paths = runners.flatMap(({ files = [] }) => files.flatMap(({ to }) => to ?? []));
  return paths.length === 0 ? container : { ...container, directories: [pick(random, paths)] };
}

/** What happens while the files are on their way. */
function drawFaults(random: Random, runner: RunnerOptions, index: number): readonly Fault[] {
  return Array.from({ length: pick(random, [0, 0, 1, 1, 2]) }, (): Fault => {
    const actor = `runner ${index}`;
    const container = `container ${runner.container}`;
    const at = runner.at + between(random, 500, 4_000);
    const what = pick(random, ["throttled", "denied", "failed", "lost", "mute", "slow"] as const);
    const call = { kind: "call", count: 1, what, ms: between(random, 500, 8_000) } as const;
    const roll = random();
    if (roll < 0.2) return { ...call, actor: container, operation: "s3:GetObject" };
    if (roll < 0.35) return { ...call, actor, operation: "s3:PutObject", count: between(random, 1, 3) };
    if (roll < 0.5) return { kind: "cut", actor, at, isSilent: chance(random, 0.3) };
    if (roll < 0.65)
      return { kind: "kill-process", actor: container, at, process: pick(random, ["attacher", "job"]) };
    if (roll < 0.75)
      return {
        kind: "s3-away",
        actor: pick(random, [actor, container]),
        at,
        ms: between(random, 500, 30_000),
      };
    return { kind: "signal", actor, at, signal: pick(random, ["cancel", "cancel", "SIGINT", "SIGKILL"]) };
  });
}
