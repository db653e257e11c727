import type { Door } from "../../inputs/names.ts";
import type { Surroundings } from "../../run/step/surroundings.ts";
import { stepInputs, unknownInputs } from "./inputs-source.ts";
import type { RunnerProcess } from "./process.ts";
import { Runner } from "./runner.ts";
import { cancelOnSignals } from "./signals.ts";
import { stepOrigin } from "./workflow.ts";

/** A GitHub runner, as it surrounds a step of a workflow that was started by this door. From now on its signals cancel the step. */
export function runnerSurroundings(process: RunnerProcess, door: Door = "root"): Surroundings {
  const { world, directory } = process;
  const { env, clock } = world;
  const runner = new Runner(process);
  const { screen: display, waitUntilDrained: drained, mask, idToken, saveState, report, end } = runner;
  return {
    reader: "workflow",
    world,
    unknown: unknownInputs(env, door),
    inputs: stepInputs(env, directory, door),
    ...{ display, drained, mask, idToken, saveState, report, end },
    ...cancelOnSignals(process, runner.unread),
    origin: () => stepOrigin(process.context(), env, clock.random),
  };
}
