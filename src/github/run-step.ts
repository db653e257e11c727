import type { Inputs } from "../inputs/inputs.ts";
import { readInputs } from "../inputs/read-all.ts";
import { loggedFailure } from "../log.ts";
import { failedResult, type Result } from "../report/result.ts";
import { stepInputs } from "./inputs-source.ts";
import { endStep, report, screen, unread } from "./runner.ts";
import { cancelOnSignals } from "./signals.ts";
import { openStep, type OpenStep } from "./step.ts";

/**
 * Runs a step of a workflow, from its inputs to the report; `perform` is what it does with valid inputs. Never rejects: a
 * failure is reported as the step's result.
 */
export async function runStep(perform: (step: OpenStep) => Promise<Result>): Promise<void> {
  const cancel = cancelOnSignals(unread);
  let inputs: Inputs | undefined;
  let result: Result;
  try {
    inputs = readInputs(stepInputs());
    const step = openStep(inputs, cancel);
    result = await perform(step).catch((error: unknown) => failedResult(loggedFailure(error, screen)));
    // What the step has made is deleted beside the report.
    await Promise.all([step.close(result), report(result, inputs)]);
  } catch (error) {
    result = failedResult(loggedFailure(error, screen));
    screen.close();
    await report(result, inputs);
  }
  endStep(result, inputs);
}
