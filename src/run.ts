import { context as workflow } from "@actions/github";
import { awsClients } from "./aws/clients.ts";
import { ecsCalls } from "./aws/ecs.ts";
import { s3Calls } from "./aws/s3.ts";
import { cancelOnSignals } from "./cancel.ts";
import { cleanUp } from "./cleanup.ts";
import { asFailure, type Failure } from "./errors.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { readInputs } from "./inputs/read.ts";
import { stepInputs } from "./inputs/source.ts";
import { performJob } from "./perform.ts";
import { failedResult, nothingKnown, type Result } from "./report/result.ts";
import { mask, report, runnerLog as log, saveState } from "./runner.ts";
import { Ledger } from "./state.ts";
import { originOf } from "./workflow.ts";

/** The main step, from inputs to the step's end. Never throws: whatever goes wrong is the step's end. */
export async function run(): Promise<void> {
  const cancel = cancelOnSignals();
  let inputs: Inputs;
  try {
    inputs = readInputs(stepInputs());
  } catch (error) {
    await report(failedResult(explained(error), nothingKnown()), true);
    return;
  }
  mask(inputs.secrets);

  const ledger = new Ledger({ region: inputs.region, undo: [] }, saveState);
  // Its clients don't obey the cancel: they carry it out.
  const clients = awsClients({ region: inputs.region });
  const undo = (reason: string): Promise<void> =>
    cleanUp(ledger, { ecs: ecsCalls(clients), s3: s3Calls(clients), log, reason });
  const undone = new Promise<void>((resolve) => {
    cancel.addEventListener("abort", () => {
      log.info("Cancelled: stopping what this step started.");
      resolve(undo("fargate-exec: cancelled"));
    });
  });

  const known = nothingKnown();
  let result: Result;
  try {
    result = await performJob({ inputs, ledger, cancel, origin: originOf(workflow), known });
  } catch (error) {
    result = failedResult(explained(error), known);
  }
  if (cancel.aborted) await undone;
  keepTask(inputs, result, ledger);
  await undo("fargate-exec: the job has ended");
  clients.destroy();
  await report(result, inputs.summary);
}

/** With `keep-task` the task that was started is no longer ours to stop. */
function keepTask({ where }: Inputs, { outcome, target }: Result, ledger: Ledger): void {
  if (where.kind !== "task-definition" || target === undefined) return;
  const { keepTask } = where.start;
  if (keepTask === "never" || (keepTask === "on-failure" && outcome === "succeeded")) return;
  log.info(`Task ${target.taskArn} is kept: 'keep-task' is '${keepTask}'.`);
  ledger.replace(["task"], []);
}

function explained(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.code === "internal-error" && error instanceof Error) log.debug(error.stack ?? "");
  return failure;
}
