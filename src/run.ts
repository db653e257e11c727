import { context as workflow } from "@actions/github";
import { type Aws, awsCalls } from "./aws/calls.ts";
import { cancelOnSignals } from "./cancel.ts";
import { cleanUp } from "./cleanup.ts";
import { systemClock as clock } from "./clock.ts";
import { asFailure, type Failure } from "./errors.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { readInputs } from "./inputs/read.ts";
import { stepInputs } from "./inputs/source.ts";
import { runJob } from "./job.ts";
import { lookAtCluster } from "./output/logging.ts";
import { concluded } from "./report/conclude.ts";
import { failedResult, type Known, nothingKnown, type Result } from "./report/result.ts";
import { mask, report, runnerLog as log, saveState } from "./runner.ts";
import { Ledger } from "./state.ts";
import { resolveTarget } from "./target/resolve.ts";
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
  // Its calls don't obey the cancel: they carry it out.
  const { clients, ecs, s3 } = awsCalls({ region: inputs.region });
  const undo = (reason: string): Promise<void> => cleanUp(ledger, { ecs, s3, log, reason });
  const undone = new Promise<void>((resolve) => {
    cancel.addEventListener("abort", () => {
      log.info("Cancelled: stopping what this step started.");
      resolve(undo("fargate-exec: cancelled"));
    });
  });

  const known = nothingKnown();
  const aws = awsCalls({ region: inputs.region, signal: cancel });
  let result: Result;
  try {
    result = await perform(inputs, { aws, ledger, cancel, known });
  } catch (error) {
    result = failedResult(explained(error), known);
  }
  aws.clients.destroy();
  if (cancel.aborted) await undone;
  keepTask(inputs, result, ledger);
  await undo("fargate-exec: the job has ended");
  clients.destroy();
  await report(result, inputs.summary);
}

interface Doing {
  readonly aws: Aws;
  readonly ledger: Ledger;
  readonly cancel: AbortSignal;
  readonly known: Known;
}

/** The phases between valid inputs and a result. Rejects with a `Failure` for what ends them early. */
async function perform(inputs: Inputs, { aws, ledger, cancel, known }: Doing): Promise<Result> {
  const origin = originOf(workflow);
  const looking = { ecs: aws.ecs, log, wanted: inputs.logs };
  // Before a task is started: not for a log that nobody writes.
  const isNew = inputs.where.kind === "task-definition";
  const early = isNew ? await lookAtCluster(inputs.cluster, looking) : undefined;
  const target = await resolveTarget({
    inputs,
    ecs: aws.ecs,
    log,
    origin,
    workspace: process.env["GITHUB_WORKSPACE"] ?? process.cwd(),
    onUndo: (undo) => ledger.replace(["task", "task-definition"], undo),
  });
  known.target = target;
  const exec = isNew ? early : await lookAtCluster(target.clusterArn, looking);
  const write = (bytes: Uint8Array): boolean => process.stdout.write(bytes);
  const attended = await runJob(target, exec, {
    inputs,
    origin,
    aws,
    ledger,
    clock,
    log,
    write,
    cancel,
    known,
  });
  if (attended.kind !== "status") cancel.throwIfAborted();
  return concluded(attended, target, known);
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
