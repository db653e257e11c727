import { runJobs } from "./fan-out.ts";
import { stepInputs } from "./github/inputs-source.ts";
import { report, screen } from "./github/runner.ts";
import { cancelOnSignals } from "./github/signals.ts";
import { openStep, type OpenStep } from "./github/step.ts";
import { readInputs } from "./inputs/read.ts";
import { loggedFailure } from "./log.ts";
import { look } from "./ready/look.ts";
import { failedResult, type Result } from "./report/result.ts";
import { resolveContext } from "./step-context.ts";
import { resolveTargets } from "./targets/resolve.ts";

/** The main step, from inputs to the step's end. Never rejects: whatever goes wrong is the step's end. */
export async function run(): Promise<void> {
  const cancel = cancelOnSignals();
  let [result, withSummary]: [Result?, boolean?] = [];
  try {
    const inputs = readInputs(stepInputs());
    withSummary = inputs.summary;
    result = await perform(openStep(inputs, cancel));
  } catch (error) {
    result = failedResult(loggedFailure(error, screen));
  }
  await report(result, withSummary ?? true);
}

/** The phases between valid inputs and a result. What they have made is undone, however they end. */
async function perform(step: OpenStep): Promise<Result> {
  const performing = async (): Promise<Result> => {
    const looking = look(step.inputs, step);
    if (step.inputs.where.kind === "new") await looking;
    const [exec, resolved] = await Promise.all([looking, resolveTargets(resolveContext(step))]);
    return await runJobs(resolved, exec, step);
  };
  const result = await performing().catch((error: unknown) => failedResult(loggedFailure(error, step.log)));
  await step.close(result);
  return result;
}
