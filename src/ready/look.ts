import type { Ecs, ExecConfiguration } from "../aws/ecs.ts";
import type { S3 } from "../aws/s3.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { clusterOf } from "../targets/arn.ts";
import { bucketOwner, lookAtBucket } from "./bucket.ts";
import { lookAtCluster } from "./session-logs.ts";
import { tellWaiting, type WaitContext } from "../waiting.ts";

export interface LookOptions {
  readonly aws: {
    readonly ecs: Pick<Ecs, "describeCluster">;
    readonly s3: Pick<S3, "checkBucket">;
  };
  readonly clock: WaitContext["clock"];
  readonly log: Log;
}

/** What is known before a task is looked for or started. */
export interface FirstLook {
  /** How the cluster encrypts and logs its sessions; undefined when the caller may not describe it. */
  readonly exec: ExecConfiguration | undefined;
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
}

/**
 * Looks at the cluster and, for a new task or a lock, at the bucket, before any task is started. Fails when the log that the inputs
 * ask for is not configured, or the bucket can't be used. Says every 30 s what it waits for.
 */
export async function lookBeforeStart(
  inputs: Pick<Inputs, "cluster" | "where" | "region" | "logs" | "lock" | "bucket" | "bucketOwner">,
  { aws, clock, log }: LookOptions,
): Promise<FirstLook> {
  const { ecs, s3 } = aws;
  const { bucket } = inputs;
  const stop = tellWaiting("AWS to describe cluster and bucket", { clock, log });
  try {
    const cluster = await lookAtCluster(clusterOf(inputs), { ecs, log, wanted: inputs.logs });
    const owner = bucketOwner(inputs, cluster?.arn ?? clusterOf(inputs));
    const isNeededFirst = inputs.where.kind === "new" || inputs.lock !== undefined;
    if (isNeededFirst && bucket !== undefined) await lookAtBucket({ bucket, owner }, { s3, log });
    return { exec: cluster?.exec, owner };
  } finally {
    stop();
  }
}
