import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { tasksOf } from "./tasks-of.ts";

/** Whether an agent of the step's tasks has died, and the gateway tells nobody. */
export function hasSilentAgent(runner: Runner, ended: Simulated): boolean {
  return (
    ended.scenario.world.announcesLostAgents === false &&
    tasksOf(runner, ended).some(({ container }) => container?.agent.isDead === true)
  );
}
