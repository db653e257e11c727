import { systemClock as clock } from "../clock.ts";
import type { Surroundings } from "../step/surroundings.ts";
import { realWorld } from "../step/world.ts";
import { requestIdToken } from "./id-token.ts";
import { stepInputs, unknownInputs } from "./inputs-source.ts";
import { waitUntilDrained, endStep, mask, report, saveState, screen, unread } from "./runner.ts";
import { cancelOnSignals } from "./signals.ts";
import { stepOrigin } from "./workflow.ts";

/** A GitHub runner, as it surrounds a step of a workflow. From now on its signals cancel the step. */
export function runnerSurroundings(): Surroundings {
  return {
    reader: "workflow",
    world: realWorld,
    unknown: unknownInputs(process.env),
    ...{ inputs: stepInputs(), display: screen, drained: waitUntilDrained, mask },
    ...cancelOnSignals(unread),
    ...{ origin: stepOrigin, idToken, saveState, report },
    end: endStep,
  };
}

/** An ID token of the workflow job, from GitHub. */
export async function idToken(audience: string): Promise<string> {
  return await requestIdToken(audience, { env: process.env, clock });
}
