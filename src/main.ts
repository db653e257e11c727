import { context as workflow } from "./github/context.ts";
import { type Aws, awsCalls } from "./aws/calls.ts";
import type { Cluster, ExecConfiguration } from "./aws/ecs.ts";
import type { Role } from "./aws/clients.ts";
import { roleCredentials } from "./aws/role.ts";
import { outlivedBy } from "./aws/static-keys.ts";
import { cancelOnSignals } from "./github/signals.ts";
import { cleanUp } from "./undo/cleanup.ts";
import { systemClock as clock } from "./clock.ts";
import { requestIdToken } from "./github/id-token.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { readInputs } from "./inputs/read.ts";
import { stepInputs } from "./github/inputs-source.ts";
import { explained, runJobs } from "./fan-out.ts";
import { lookAtCluster } from "./ready/session-logs.ts";
import { bucketOwner, lookAtBucket } from "./ready/bucket.ts";
import { failedResult, nothingKnown, type Result } from "./report/result.ts";
import { mask, report, drained, saveState, screen, screen as log } from "./github/step.ts";
import { Ledger } from "./undo/ledger.ts";
import { resolveTargets } from "./targets/resolve.ts";
import { clusterOf } from "./targets/arn.ts";
import { afterGrace, begunInTime } from "./undo/grace.ts";
import { originOf } from "./github/workflow.ts";

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
  // Before the first word of AWS, a bucket or a container.
  screen.open(inputs);

  const { region } = inputs;
  const role = roleOf(inputs);
  const idToken = (audience: string): Promise<string> =>
    requestIdToken(audience, { env: process.env, clock });
  const credentials = role && roleCredentials({ ...role, region, idToken, log });
  const outlived = role === undefined ? outlivedBy(inputs.timeout, process.env, clock.now()) : undefined;
  if (outlived !== undefined) log.warning(outlived);

  const ledger = new Ledger({ region, role, undo: [] }, saveState);
  // Its calls don't obey the cancel: they carry it out.
  const undoing = awsCalls({ region, credentials });
  const undo = (reason: string, early: boolean): Promise<unknown> =>
    cleanUp(ledger, { aws: undoing, clock, log, reason, early });
  const undone = new Promise<unknown>((resolve) => {
    cancel.addEventListener("abort", () => {
      log.info("Cancelled: stopping what this step started.");
      resolve(undo("fargate-exec: cancelled", true));
    });
  });

  const over = new AbortController();
  const late = afterGrace(cancel, clock, over.signal);
  const patience = { region, credentials, throttledFor: inputs.startTimeout };
  const making = awsCalls({ ...patience, signal: late });
  const calls = awsCalls({ ...patience, signal: cancel });
  const begun = begunInTime(making, cancel);
  const aws = { ...calls, ecs: { ...calls.ecs, ...begun.ecs }, s3: { ...calls.s3, ...begun.s3 } };
  let result: Result;
  try {
    result = await perform(inputs, { aws, stopping: undoing, ledger, cancel });
  } catch (error) {
    result = failedResult(explained(error, log), nothingKnown());
  }
  screen.close();
  for (const { clients } of [calls, making]) clients.destroy();
  over.abort();
  if (cancel.aborted) await undone;
  for (const one of result.tasks ?? [result]) keepTask(inputs, one, ledger);
  await undo("fargate-exec: the job has ended", false);
  undoing.clients.destroy();
  await report(result, inputs.summary);
}

/** The role that the step is to assume itself, in sessions that CloudTrail shows with the workflow's run. */
function roleOf({ roleToAssume: arn }: Inputs): Role | undefined {
  return arn === undefined ? undefined : { arn, sessionName: `fargate-exec-${workflow.runId}` };
}

interface Doing {
  readonly aws: Aws;
  /** Calls that a cancel doesn't cut short. */
  readonly stopping: Aws;
  readonly ledger: Ledger;
  readonly cancel: AbortSignal;
}

/** The phases between valid inputs and a result. Rejects with a `Failure` for what ends them early. */
async function perform(inputs: Inputs, { aws, stopping, ledger, cancel }: Doing): Promise<Result> {
  const origin = originOf(workflow);
  // Before a task is started: not for a log that nobody writes or a bucket that isn't there.
  const looked = inputs.where.kind === "new" ? await beforeStart(inputs, aws) : lookedAt(inputs, aws);
  const resolving = resolveTargets({
    inputs,
    ecs: aws.ecs,
    log,
    clock,
    signal: cancel,
    origin,
    workspace: process.env["GITHUB_WORKSPACE"] ?? process.cwd(),
    onUndo: (undo) => ledger.replace(["task", "task-definition", "shared-definition", "registration"], undo),
  });
  const [resolved, exec] = await Promise.all([resolving, looked]);
  return await runJobs(resolved, exec, {
    inputs,
    origin,
    aws,
    stopping,
    ledger,
    clock,
    log,
    writer: (label) => screen.writer(label),
    drained,
    cancel,
  });
}

async function beforeStart(inputs: Inputs, aws: Aws): Promise<ExecConfiguration | undefined> {
  const { s3 } = aws;
  const cluster = await lookAtIt(inputs, aws);
  const owner = bucketOwner(inputs, cluster?.arn ?? clusterOf(inputs));
  await lookAtBucket(inputs.bucket === undefined ? undefined : { bucket: inputs.bucket, owner }, { s3, log });
  return cluster?.exec;
}

async function lookedAt(inputs: Inputs, aws: Aws): Promise<ExecConfiguration | undefined> {
  return (await lookAtIt(inputs, aws))?.exec;
}

async function lookAtIt(inputs: Inputs, { ecs }: Aws): Promise<Cluster | undefined> {
  return await lookAtCluster(clusterOf(inputs), { ecs, log, wanted: inputs.logs });
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
