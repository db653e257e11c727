import { drawTroubles } from "./draw-troubles.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** The share of scenarios in which steps assume a role themselves. */
const SCENARIOS = 0.03;
const ROLE = "arn:aws:iam::111122223333:role/deploy";
/** The shortest session of a role, and the usual one. */
const SESSIONS = [900_000, 900_000, 3_600_000];

/** Lets steps assume a role, whose sessions end while a script goes on for long. Its randomness is its own: the other scenarios stay as they are. */
export function drawRoles(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x2545f491) ^ 0xde92);
  if (!chance(random, SCENARIOS)) return scenario;
  const runners = scenario.runners.map((runner) => withRole(random, runner));
  const usual = scenario.faults.filter(({ kind }) => kind !== "credentials-end" && chance(random, 0.5));
  return {
    ...scenario,
    world: { ...scenario.world, roleSession: pick(random, SESSIONS) },
    runners,
    faults: [...usual, ...runners.flatMap((_, index) => drawFaults(random, `runner ${index}`))],
  };
}

/** A step whose script goes on behind the end of a session. That of a forward or of items stays as it is. */
function withRole(random: Random, runner: RunnerOptions): RunnerOptions {
  const { inputs, script, clients, follows } = runner;
  const isLong =
    chance(random, 0.6) && clients === undefined && follows === undefined && !("items" in inputs);
  const role = { "role-to-assume": ROLE };
  if (!isLong) return { ...runner, inputs: { ...inputs, ...role } };
  const lines = [...script.lines, { wait: between(random, 300_000, 2_400_000) }];
  return {
    ...runner,
    inputs: { ...inputs, ...role, timeout: "60m" },
    script: { ...script, lines },
  };
}

/** GitHub or STS fails one call, or several one after the other. */
function drawFaults(random: Random, actor: string): readonly Fault[] {
  if (chance(random, 0.5)) return [];
  const operation = pick(random, ["github:IdToken", "sts:AssumeRoleWithWebIdentity"]);
  return drawTroubles(random, actor, operation);
}
