import type { Surroundings } from "../step/surroundings.ts";
import { stepInputs, unknownInputs } from "./inputs-source.ts";
import type { RunnerProcess } from "./process.ts";
import { Runner } from "./runner.ts";
import { cancelOnSignals } from "./signals.ts";
import { stepOrigin } from "./workflow.ts";

/** A GitHub runner, as it surrounds a step of a workflow. From now on its signals cancel the step. */
export function runnerSurroundings(process: RunnerProcess): Surroundings {
  const { world, directory } = process;
  const { env, clock } = world;
  const runner = new Runner(process);
  const { screen: display, waitUntilDrained: drained, mask, idToken, saveState, report, end } = runner;
  return {
    reader: "workflow",
    world,
    unknown: unknownInputs(env),
    inputs: stepInputs(env, directory),
    ...{ display, drained, mask, idToken, saveState, report, end },
    ...cancelOnSignals(process, runner.unread),
    origin: () => stepOrigin(process.context(), env, clock.random),
  };
}
