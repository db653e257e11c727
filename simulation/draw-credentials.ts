import { between, chance, pick, randomOf } from "./random.ts";
import type { CredentialsFault, RunnerOptions, Scenario } from "./scenario.ts";

/** The share of scenarios in which credentials of a step end while it runs. */
const SCENARIOS = 0.08;

/** Lets the credentials of some steps end. Its randomness is its own: the rest of the scenario stays as it is. */
export function drawCredentials(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x2c1b3c6d) ^ 0x3e3d);
  if (!chance(random, SCENARIOS)) return scenario;
  const index = between(random, 0, scenario.runners.length - 1);
  const ends = scenario.runners.flatMap((runner, at): readonly CredentialsFault[] => {
    if (at !== index && !chance(random, 0.2)) return [];
    const longest = pick(random, [3_000, 20_000, 90_000, 400_000]);
    return [
      {
        ...{ kind: "credentials-end", actor: `runner ${at}`, at: runner.at + between(random, 0, longest) },
        isTold: chance(random, 0.5),
      },
    ];
  });
  const isLong = chance(random, 0.4);
  const runners = scenario.runners.map((runner, at) =>
    at === index && isLong ? longer(runner, between(random, 200_000, 600_000)) : runner,
  );
  return { ...scenario, runners, faults: [...scenario.faults, ...ends] };
}

/** A step whose script goes on for minutes. That of a forward or of items stays as it is. */
function longer(runner: RunnerOptions, wait: number): RunnerOptions {
  const { clients, follows, inputs, script } = runner;
  if (clients !== undefined || follows !== undefined || "items" in inputs) return runner;
  return {
    ...runner,
    inputs: { ...inputs, timeout: "60m" },
    script: { ...script, lines: [...script.lines, { wait }] },
  };
}
