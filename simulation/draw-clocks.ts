import { chance, pick, randomOf } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** The share of scenarios in which clocks differ, and of clocks that do so in them. */
const SCENARIOS = 0.2;
const CLOCKS = 0.6;
/** Two clocks differ by less than five minutes: AWS takes no requests from others (Signature Version 4). */
const OFFSETS = [700, 5_000, 40_000, 140_000];

/** Sets some clocks of runners and containers off. Its randomness is its own: the rest of the scenario stays as it is. */
export function drawClocks(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x1b873593) ^ 0x51ed);
  if (!chance(random, SCENARIOS)) return scenario;
  const off = (): { readonly ahead?: number } =>
    chance(random, CLOCKS) ? { ahead: pick(random, OFFSETS) * (chance(random, 0.5) ? 1 : -1) } : {};
  return {
    ...scenario,
    containers: scenario.containers.map((container) => ({ ...container, ...off() })),
    runners: scenario.runners.map((runner) => ({ ...runner, ...off() })),
  };
}
