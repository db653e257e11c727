import type { Random } from "./random.ts";
import type { ContainerOptions, Scenario } from "./scenario.ts";

/** The share of scenarios that each meeting has. */
const SHARE = 0.003;

/** Makes a world in which several things meet that seldom do by themselves. */
export type Meeting = (random: Random, scenario: Scenario, container: ContainerOptions) => Scenario;

/** Puts one of these meetings in the place of few scenarios. The others stay as they are. */
export function meet(meetings: readonly Meeting[], random: Random, scenario: Scenario): Scenario {
  const meeting = meetings[Math.floor(random() / SHARE)];
  const [container] = scenario.containers;
  return meeting === undefined || container === undefined ? scenario : meeting(random, scenario, container);
}
