import type { JobStart } from "../../payload/bootstrap.ts";
import { assemblePayload } from "../../payload/assemble.ts";
import { workerCount } from "../../payload/workers.ts";
import { chooseDelivery, stage, type StagedObject } from "../../payload/stage.ts";
import { bucketOwner } from "../../ready/bucket.ts";
import { isLogKind, findSessionLogs } from "../../ready/session-logs.ts";
import { waitUntilReady } from "../../ready/wait.ts";
import { type ContainerRef, containerRef } from "../../targets/container-ref.ts";
import { tellWhile, type WaitLines } from "../../waiting.ts";
import type { JobContext } from "./context.ts";
import { mayUsePieces } from "./output-ways.ts";
import { StartWindow } from "./start-window.ts";
import { type SessionSetup, makeSessionSetup } from "./session-setup.ts";

/** A job whose container takes sessions, or is about to. */
export interface PreparedJob {
  /** Names the job directory. */
  readonly run: string;
  /** What every mark of the job's sessions begins with. */
  readonly nonce: string;
  readonly workers: number;
  /** Undefined for a job that another step has started. */
  readonly start: StagedStart | undefined;
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
  readonly container: ContainerRef;
  /** ExecuteCommand does not wait for the set-up. The socket of a session is opened only when it is known. */
  readonly setup: Promise<SessionSetup>;
}

export interface StagedStart extends JobStart {
  /** The payload in the bucket, once S3 has it; undefined when the session carries it. */
  readonly staged: Promise<StagedObject | undefined>;
  readonly window: StartWindow;
}

/** What starts the job; undefined when this step may not start it, or no longer. */
export function startInTime({ start }: Pick<PreparedJob, "start">): StagedStart | undefined {
  return start?.window.isOver === true ? undefined : start;
}

/**
 * Waits for the task while the payload is being staged, and while the cluster and the task definition are being
 * described. Fails when the task is never ready, or when the session log that the inputs ask for is not configured.
 */
export async function prepareJob(
  context: JobContext,
  deadline: number,
  lines: WaitLines,
): Promise<PreparedJob> {
  const { inputs, origin, target, files, items, stuckAfter, exec, looks, aws, ledger, clock, log, cancel } =
    context;
  const pieces = mayUsePieces(inputs);
  const payload = assemblePayload(inputs, { origin, target, pieces, files, items: items?.list, log });
  const owner = bucketOwner(inputs, target.clusterArn);
  const to = chooseDelivery({ inputs, owner, runId: origin.id });
  const uploading = stage(payload, to, {
    // The job may have been prepared before, for a task that was then replaced.
    isAgain: ledger.has("object"),
    kmsKeyId: inputs.kmsKeyId,
    s3: aws.s3,
    log,
    onObject: (object) =>
      ledger.replace(["object"], object === undefined ? [] : [{ kind: "object", ...object }]),
  });
  const what = to.kind === "s3" ? `the upload of the script to s3://${to.bucket}/${to.key}` : "the script";
  const staged = tellWhile(what, { clock, log }, uploading);
  const ready = waitUntilReady(target, deadline, { ecs: looks, clock, lines, stuckAfter, signal: cancel });
  const setup = Promise.all([exec, ready]).then(async ([known, { taskDefinitionArn }]) => {
    const task = { taskDefinitionArn, container: target.container };
    const logs = await findSessionLogs(known, task, { ecs: looks, log, wanted: inputs.logs });
    return makeSessionSetup(known, logs, inputs);
  });
  // Later phases await these promises, unless a failure comes first.
  for (const later of [staged, setup]) later.catch(() => undefined);
  try {
    const task = await ready;
    if (isLogKind(inputs.logs)) await setup;
    return {
      run: origin.id,
      nonce: clock.random.bytes(16).toString("hex"),
      workers: workerCount(inputs.workers, target.cpuUnits),
      start: { payload, delivery: to, staged, window: new StartWindow(clock) },
      ...{ owner, container: containerRef(target, task), setup },
    };
  } catch (error) {
    // An upload that ends after the cleanup would leave its object behind.
    await Promise.allSettled([staged]);
    throw error;
  }
}
