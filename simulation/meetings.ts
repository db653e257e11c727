import type { EcsOptions } from "./ecs-options.ts";
import { itemText } from "./items.ts";
import { between, pick, type Random } from "./random.ts";
import type { ContainerOptions, Scenario, Script } from "./scenario.ts";

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

/** An ECS that gives each task that it is asked for. */
export function ecsOf(random: Random): EcsOptions {
  const unit = pick(random, [200, 1_000]);
  return {
    ...{ lag: pick(random, [0, 2_000]), mayDescribe: true, mayRegister: true, hasShell: false },
    ...{ hasOwnEntryPoint: false, like: 0, ownCommand: 7_200_000 },
    start: { network: unit, pull: 2 * unit, activate: unit, agent: unit, connect: 500 },
  };
}

/** The input `items`: a number of items within these bounds, each of which takes a time within those, and ends with 0. */
export function itemsFor(
  random: Random,
  [fewest, most]: readonly [number, number],
  [shortest, longest]: readonly [number, number],
): string {
  return Array.from({ length: between(random, fewest, most) }, (_, index) =>
    itemText({ name: `r0 i${index}`, wait: between(random, shortest, longest), exitCodes: [0] }),
  ).join("\n");
}

/** A script of so many milliseconds that prints a line at its begin and at its end. */
export function scriptOf(runner: number, lasts: number): Script {
  const lines = [{ out: `out r${runner} 0` }, { wait: lasts }, { out: `out r${runner} 1` }];
  return { lines, exitCode: 0, onTerm: "dies" };
}
