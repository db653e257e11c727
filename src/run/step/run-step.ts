import type { Inputs } from "../../inputs/inputs.ts";
import { readInputs } from "../../inputs/read-all.ts";
import { unknownInputWarnings } from "../../inputs/unknown.ts";
import type { TestResults } from "../../report/junit/test-results.ts";
import { logFailure } from "../../log.ts";
import { bashWarnings } from "../../report/bash-words.ts";
import { replacedTasks } from "../../report/decisive.ts";
import { itemCounts, replacedTaskWarnings } from "../../report/item-words.ts";
import { failedResult, type Result } from "../../report/result.ts";
import { openStep, type OpenStep } from "./step.ts";
import { readTestReports } from "./test-reports.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Runs a step, from its inputs to the report; `perform` is what it does with valid inputs. Never rejects: a failure is reported as the
 * step's result. When the report itself fails, the step fails by that, once its cleanup has ended.
 */
export async function runStep(
  perform: (step: OpenStep) => Promise<Result>,
  surroundings: Surroundings,
): Promise<Result> {
  const { display } = surroundings;
  const failed = (error: unknown): Result => failedResult(logFailure(error, display));
  let inputs: Inputs | undefined;
  let step: OpenStep | undefined;
  let result: Result;
  let tests: TestResults | undefined;
  try {
    // A typing error in a name may be why the inputs are wrong, so this is said first.
    for (const warning of unknownInputWarnings(surroundings.unknown)) display.warning(warning);
    inputs = readInputs(surroundings.inputs);
    step = openStep(inputs, surroundings);
    result = await perform(step);
  } catch (error) {
    result = failed(error);
  }
  for (const warning of bashWarnings(result, surroundings.reader))
    display.warning(warning, "troubleshooting.md");
  for (const { text, page } of replacedTaskWarnings(replacedTasks(result))) display.warning(text, page);
  if (result.kind === "several" && result.items !== undefined) display.info(`${itemCounts(result.items)}.`);
  if (step !== undefined) tests = await readTestReports(result, step);
  // What the step has made is deleted while the report is written.
  const closing = step?.close(result);
  if (step === undefined) display.close();
  const ends = await Promise.allSettled([closing, surroundings.report(result, inputs, tests)]);
  for (const end of ends) if (end.status === "rejected") result = failed(end.reason);
  surroundings.end(result, inputs, tests);
  return result;
}
