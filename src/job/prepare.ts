import type { Delivery } from "../payload/bootstrap.ts";
import type { Payload } from "../payload/payload.ts";
import { assemblePayload } from "../payload/assemble.ts";
import { delivery, stage, type StagedObject } from "../payload/stage.ts";
import { bucketOwner } from "../ready/bucket.ts";
import { type SessionLogs, sessionLogs } from "../ready/session-logs.ts";
import { waitUntilReady } from "../ready/wait.ts";
import { type ContainerRef, containerRef } from "../targets/container-ref.ts";
import { tellWhile, type WaitLines } from "../waiting.ts";
import type { JobContext } from "./context.ts";
import { pieceUse } from "./output-ways.ts";

/** A job that is ready to be started: its payload is staged, and its container takes sessions or is about to. */
export interface PreparedJob {
  readonly payload: Payload;
  readonly delivery: Delivery;
  /** The payload in the bucket; undefined where the session carries it. */
  readonly staged: StagedObject | undefined;
  /** The account that the bucket has to belong to, where that is known. */
  readonly owner: string | undefined;
  readonly container: ContainerRef;
  /** Where the container's sessions are logged; undefined where that is not known, so that they may be. */
  readonly logs: SessionLogs | undefined;
}

/**
 * Stages the payload and waits for the task at the same time. Fails where either fails, or where the session log that
 * the inputs ask for is not configured.
 */
export async function prepareJob(
  context: JobContext,
  deadline: number,
  lines: WaitLines,
): Promise<PreparedJob> {
  const { inputs, origin, target, exec, looks, aws, ledger, clock, log, cancel } = context;
  const pieces = pieceUse(inputs) !== "never";
  const payload = assemblePayload(inputs, { origin, target, pieces, log });
  const owner = bucketOwner(inputs, target.clusterArn);
  const to = delivery({ inputs, owner, runId: origin.id });
  const staged = stage(payload, to, {
    kmsKeyId: inputs.kmsKeyId,
    s3: aws.s3,
    onObject: (object) =>
      ledger.replace(["object"], object === undefined ? [] : [{ kind: "object", ...object }]),
  });
  const what = to.kind === "s3" ? `the upload of the script to s3://${to.bucket}/${to.key}` : "the script";
  const staging = tellWhile(what, { clock, log }, staged);
  const ready = waitUntilReady(target, deadline, { ecs: looks, clock, lines, signal: cancel });
  const logging = ready.then(async ({ taskDefinitionArn }) => {
    const { container } = target;
    return await sessionLogs(
      exec,
      { taskDefinitionArn, container },
      { ecs: looks, log, wanted: inputs.logs },
    );
  });
  try {
    const [task, logs, object] = await Promise.all([ready, logging, staging]);
    return { payload, delivery: to, staged: object, owner, container: containerRef(target, task), logs };
  } catch (error) {
    // An upload that ends after the cleanup would leave its object behind.
    await Promise.allSettled([staging]);
    throw error;
  }
}
