import { drawTroubles } from "./draw-troubles.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { Fault, RunnerOptions, Scenario, SessionLogOptions } from "./scenario.ts";

/** The share of scenarios whose cluster logs its sessions, and of the steps that read a log in them. */
const SCENARIOS = 0.06;
const STEPS = 0.4;

/** Lets the cluster log its sessions, and some steps read the log. Its randomness is its own: the other scenarios stay as they are. */
export function drawSessionLogs(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x27d4eb2f) ^ 0x109e);
  if (!chance(random, SCENARIOS)) return scenario;
  const sessionLogs = drawOptions(random, scenario);
  const runners = scenario.runners.map((runner) =>
    mayReadLog(runner) && chance(random, STEPS) ? withLog(random, runner, sessionLogs) : runner,
  );
  const faults = runners.flatMap((_, index) => drawFaults(random, `runner ${index}`));
  const world = { ...scenario.world, sessionLogs };
  return { ...scenario, world, runners, faults: [...scenario.faults, ...faults] };
}

function drawOptions(random: Random, { world }: Scenario): SessionLogOptions {
  const bucket = world.bucket && chance(random, 0.5);
  const group = bucket && chance(random, 0.3) ? undefined : chance(random, 0.9) ? "there" : "missing";
  return {
    ...(group !== undefined && { group }),
    ...{ bucket, mayRead: chance(random, 0.85), closesLate: chance(random, 0.5) },
    ...(chance(random, 0.1) && { hasScript: false }),
    ...(chance(random, 0.3) && { delay: between(random, 500, 15_000) }),
    ...(chance(random, 0.3) && { emptyPages: between(random, 1, 3) }),
  };
}

/** The end of a job that is detached, of items or of a forward is not told by the log of one session. */
function mayReadLog({ inputs, clients, follows }: RunnerOptions): boolean {
  return clients === undefined && follows === undefined && !("detach" in inputs) && !("items" in inputs);
}

function withLog(random: Random, runner: RunnerOptions, { group, bucket }: SessionLogOptions): RunnerOptions {
  const logs = pick(random, [...(group === undefined ? [] : ["cloudwatch"]), ...(bucket ? ["s3"] : [])]);
  return { ...runner, inputs: { ...runner.inputs, logs } };
}

function drawFaults(random: Random, actor: string): readonly Fault[] {
  return chance(random, 0.7) ? [] : drawTroubles(random, actor, "logs:GetLogEvents");
}
