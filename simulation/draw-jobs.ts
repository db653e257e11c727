import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { Fault, RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** The name of the one lock that steps may share. */
const LOCK = "shop/migrations";

/** What some steps have in common: a lock, or a job that one leaves and another one follows. */
export function drawJobs(scenario: Scenario): Scenario {
  const random = randomOf(scenario.seed ^ 0x10c4);
  if (scenario.world.bucket && chance(random, 0.2)) return drawLock(random, scenario);
  return chance(random, 0.25) ? drawDetached(random, scenario) : scenario;
}

/** Steps under a lock, whose holders are lost, paused and cut off from S3 for longer than others are. */
function drawLock(random: Random, scenario: Scenario): Scenario {
  const [only, ...more] = scenario.runners;
  const second =
    more.length > 0 || only === undefined ? [] : [{ ...only, at: only.at + between(random, 0, 90_000) }];
  const runners = [...scenario.runners, ...second].map((runner, index): RunnerOptions => {
    if (chance(random, 0.15)) return runner;
    const patience = pick(random, ["30s", "4m", "10m", "20m"]);
    return {
      ...runner,
      inputs: { ...runner.inputs, lock: LOCK, timeout: "60m", "queue-timeout": patience },
      script: { ...runner.script, lines: longer(random, runner.script.lines, index) },
    };
  });
  const faults = runners.flatMap((runner, index): readonly Fault[] => {
    const at = runner.at + between(random, 0, 120_000);
    return chance(random, 0.4) ? [drawHolderFault(random, `runner ${index}`, at)] : [];
  });
  return { ...scenario, runners, faults: [...scenario.faults, ...faults] };
}

/** A script that lasts for as long as the lease of a lock. */
function longer(random: Random, lines: readonly ScriptLine[], index: number): readonly ScriptLine[] {
  const rest = Array.from({ length: between(random, 1, 5) }, (_, at): readonly ScriptLine[] => [
    { wait: between(random, 1_000, 120_000) },
    { out: `out r${index} late ${at}` },
  ]);
  return [...lines, ...rest.flat()];
}

function drawHolderFault(random: Random, actor: string, at: number): Fault {
  const roll = random();
  if (roll < 0.35) return { kind: "pause", actor, at, ms: between(random, 60_000, 900_000) };
  if (roll < 0.65) return { kind: "s3-away", actor, at, ms: between(random, 20_000, 600_000) };
  return { kind: "signal", actor, at, signal: pick(random, ["SIGKILL", "cancel"]) };
}

/** Some steps leave their jobs. Others attach to these, and may leave them again. */
function drawDetached(random: Random, scenario: Scenario): Scenario {
  const runners = scenario.runners.map((runner) =>
    chance(random, 0.8) ? { ...runner, inputs: { ...runner.inputs, ...drawDetach(random, runner) } } : runner,
  );
  const steps = [...runners];
  for (const [index, runner] of runners.entries()) {
    if (runner.inputs["detach"] === undefined) continue;
    for (let follows = index, left = pick(random, [0, 1, 1, 1, 2]); left > 0; left -= 1) {
      steps.push(drawFollower(random, runner, follows));
      // Two steps may attach to one job at the same time.
      if (chance(random, 0.7)) follows = steps.length - 1;
    }
  }
  return { ...scenario, runners: steps };
}

function drawDetach(random: Random, { inputs }: RunnerOptions): Readonly<Record<string, string>> {
  return {
    detach: pick(random, ["true", "true", "2s", "8s", ...(inputs["timeout"] === "20s" ? [] : ["60s"])]),
  };
}

function drawFollower(
  random: Random,
  { at, container, script, post }: RunnerOptions,
  follows: number,
): RunnerOptions {
  return {
    ...{ at: at + pick(random, [0, 500, 30_000, 120_000, 900_000]), container, follows, script, post },
    inputs: { ...(chance(random, 0.3) && { detach: pick(random, ["true", "5s"]) }) },
  };
}
