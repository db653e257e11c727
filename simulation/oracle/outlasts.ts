import type { Runner } from "../runner/runner.ts";
import { LONGEST_MS, type Simulated } from "../simulate.ts";

/** A step that waits looks at least so often. */
const MINUTE_MS = 60_000;

/** Whether tasks have to wait for room in the account. */
export function isCrowded({ scenario, world }: Simulated): boolean {
  return (
    scenario.ecs?.quota !== undefined ||
    world.base.faults.taken.some((fault) => fault.kind === "refusal" && fault.what === "quota")
  );
}

/** Whether the step still waits at the end of the world: for room in the account, behind tasks that are kept. */
export function outlasts({ mainEnd }: Runner, ended: Simulated): boolean {
  return mainEnd === undefined && isCrowded(ended) && ended.endedAt + MINUTE_MS >= LONGEST_MS;
}
