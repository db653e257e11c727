import { runJobs } from "./fan-out.ts";
import { stepInputs } from "./github/inputs-source.ts";
import { report, screen, unread } from "./github/runner.ts";
import { cancelOnSignals } from "./github/signals.ts";
import { openStep, type OpenStep } from "./github/step.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { readInputs } from "./inputs/read-all.ts";
import { loggedFailure } from "./log.ts";
import { look } from "./ready/look.ts";
import { failedResult, type Result } from "./report/result.ts";
import { resolveContext } from "./step-context.ts";
import { resolveTargets } from "./targets/resolve.ts";

/** The main step, from inputs to the step's end. Never rejects: whatever goes wrong is the step's end. */
export async function run(): Promise<void> {
  const cancel = cancelOnSignals(unread);
  let inputs: Inputs | undefined;
  let result: Result;
  try {
    inputs = readInputs(stepInputs());
    const step = openStep(inputs, cancel);
    result = await perform(step).catch((error: unknown) => failedResult(loggedFailure(error, screen)));
    await step.close(result);
  } catch (error) {
    result = failedResult(loggedFailure(error, screen));
  }
  await report(result, inputs?.summary ?? true);
}

/** The phases between valid inputs and a result. Rejects with a `Failure` for what ends them early. */
async function perform(step: OpenStep): Promise<Result> {
  const looking = look(step.inputs, step);
  // No task is started before the cluster and the bucket are known to serve.
  if (step.inputs.where.kind === "new") await looking;
  const [exec, resolved] = await Promise.all([looking, resolveTargets(resolveContext(step))]);
  return await runJobs(resolved, exec, step);
}
