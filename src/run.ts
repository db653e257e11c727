import { context as workflow } from "@actions/github";
import { type Aws, awsCalls } from "./aws/calls.ts";
import type { Ecs, ExecConfiguration } from "./aws/ecs.ts";
import { cancelOnSignals } from "./cancel.ts";
import { cleanUp } from "./cleanup.ts";
import { systemClock as clock } from "./clock.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { readInputs } from "./inputs/read.ts";
import { stepInputs } from "./inputs/source.ts";
import { explained, runJobs } from "./jobs.ts";
import { lookAtCluster } from "./output/logging.ts";
import { lookAtBucket } from "./ready/bucket.ts";
import { failedResult, nothingKnown, type Result } from "./report/result.ts";
import { mask, report, runnerLog as log, room, saveState, show } from "./runner.ts";
import { Ledger } from "./state.ts";
import { resolveTargets } from "./target/resolve.ts";
import { clusterOf } from "./target/arn.ts";
import { inTime } from "./target/in-time.ts";
import { originOf } from "./workflow.ts";

/** The main step, from inputs to the step's end. Never throws: whatever goes wrong is the step's end. */
export async function run(): Promise<void> {
  const cancel = cancelOnSignals();
  let inputs: Inputs;
  try {
    inputs = readInputs(stepInputs());
  } catch (error) {
    await report(failedResult(explained(error, log), nothingKnown()), true);
    return;
  }
  mask(inputs.secrets);

  const ledger = new Ledger({ region: inputs.region, undo: [] }, saveState);
  // Its calls don't obey the cancel: they carry it out.
  const { clients, ecs, s3 } = awsCalls({ region: inputs.region });
  const undo = (reason: string, early: boolean): Promise<void> =>
    cleanUp(ledger, { ecs, s3, log, reason, early });
  const undone = new Promise<void>((resolve) => {
    cancel.addEventListener("abort", () => {
      log.info("Cancelled: stopping what this step started.");
      resolve(undo("fargate-exec: cancelled", true));
    });
  });

  const aws = awsCalls({ region: inputs.region, signal: cancel, throttledFor: inputs.startTimeout });
  let result: Result;
  try {
    result = await perform(inputs, { aws, starting: ecs, stopping: ecs, ledger, cancel });
  } catch (error) {
    result = failedResult(explained(error, log), nothingKnown());
  }
  aws.clients.destroy();
  if (cancel.aborted) await undone;
  for (const one of result.tasks ?? [result]) keepTask(inputs, one, ledger);
  await undo("fargate-exec: the job has ended", false);
  clients.destroy();
  await report(result, inputs.summary);
}

interface Doing {
  readonly aws: Aws;
  /** Calls that a cancel doesn't cut short. */
  readonly starting: Pick<Ecs, "runTask" | "registerTaskDefinition">;
  readonly stopping: Pick<Ecs, "executeCommand">;
  readonly ledger: Ledger;
  readonly cancel: AbortSignal;
}

/** The phases between valid inputs and a result. Rejects with a `Failure` for what ends them early. */
async function perform(inputs: Inputs, { aws, starting, stopping, ledger, cancel }: Doing): Promise<Result> {
  const origin = originOf(workflow);
  const looking = { ecs: aws.ecs, log, wanted: inputs.logs };
  const isNew = inputs.where.kind === "new";
  // Before a task is started: not for a log that nobody writes or a bucket that isn't there.
  const early = isNew ? await beforeStart(inputs, aws) : undefined;
  const resolved = await resolveTargets({
    inputs,
    ecs: { ...aws.ecs, ...inTime(starting, { clock, cancel }) },
    log,
    clock,
    signal: cancel,
    origin,
    workspace: process.env["GITHUB_WORKSPACE"] ?? process.cwd(),
    onUndo: (undo) => ledger.replace(["task", "task-definition"], undo),
  });
  const exec = isNew ? early : await lookAtCluster(resolved.targets[0].clusterArn, looking);
  return await runJobs(resolved, exec, {
    inputs,
    origin,
    aws,
    stopping,
    ledger,
    clock,
    log,
    write: show,
    room,
    cancel,
  });
}

async function beforeStart(inputs: Inputs, { ecs, s3 }: Aws): Promise<ExecConfiguration | undefined> {
  const looking = { ecs, log, wanted: inputs.logs };
  const [exec] = await Promise.all([
    lookAtCluster(clusterOf(inputs), looking),
    lookAtBucket(inputs.bucket, { s3, log }),
  ]);
  return exec;
}

/** With `keep-task` the task that was started is no longer ours to stop. */
function keepTask({ where }: Inputs, { outcome, target }: Result, ledger: Ledger): void {
  if (where.kind !== "new" || target === undefined) return;
  const { keepTask } = where.start;
  if (keepTask === "never" || (keepTask === "on-failure" && outcome === "succeeded")) return;
  const kept = ledger.entries.filter((entry) => entry.kind === "task" && entry.taskArn === target.taskArn);
  for (const entry of kept) ledger.drop(entry);
  if (kept.length > 0) log.info(`Task ${target.taskArn} is kept: 'keep-task' is '${keepTask}'.`);
}
