import type { Inputs } from "../inputs/inputs.ts";
import { readInputs } from "../inputs/read-all.ts";
import type { TestResults } from "../junit/test-results.ts";
import { logFailure } from "../log.ts";
import { failedResult, type Result } from "../report/result.ts";
import { declareArtifacts } from "./declare-artifacts.ts";
import { openStep, type OpenStep } from "./step.ts";
import { readTestReports } from "./test-reports.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Runs a step, from its inputs to the report; `perform` is what it does with valid inputs. Never rejects: a failure is
 * reported as the step's result.
 */
export async function runStep(
  perform: (step: OpenStep) => Promise<Result>,
  surroundings: Surroundings,
): Promise<Result> {
  const { display } = surroundings;
  let inputs: Inputs | undefined;
  let result: Result;
  let tests: TestResults | undefined;
  try {
    inputs = readInputs(surroundings.inputs);
    const step = openStep(inputs, surroundings);
    result = await perform(step).catch((error: unknown) => failedResult(logFailure(error, display)));
    tests = await readTestReports(result, step);
    declareArtifacts(result, step, surroundings.declare);
    // What the step has made is undone while the report is written.
    await Promise.all([step.close(result), surroundings.report(result, inputs, tests)]);
  } catch (error) {
    result = failedResult(logFailure(error, display));
    display.close();
    await surroundings.report(result, inputs, tests);
  }
  surroundings.end(result, inputs, tests);
  return result;
}
