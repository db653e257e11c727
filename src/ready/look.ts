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

/**
 * Looks at the cluster and, for a new task, at the bucket, before any task is started. Returns how the cluster
 * encrypts and logs its sessions; undefined where the caller may not describe it. Fails where the log that the inputs
 * ask for is not configured, or the bucket can't be used. Says every 30 s what it waits for.
 */
export async function lookBeforeStart(
  inputs: Pick<Inputs, "cluster" | "where" | "region" | "logs" | "bucket" | "bucketOwner">,
  { aws, clock, log }: LookOptions,
): Promise<ExecConfiguration | undefined> {
  const { ecs, s3 } = aws;
  const { bucket } = inputs;
  const stop = tellWaiting("AWS to describe cluster and bucket", { clock, log });
  try {
    const cluster = await lookAtCluster(clusterOf(inputs), { ecs, log, wanted: inputs.logs });
    if (inputs.where.kind === "new" && bucket !== undefined) {
      const owner = bucketOwner(inputs, cluster?.arn ?? clusterOf(inputs));
      await lookAtBucket({ bucket, owner }, { s3, log });
    }
    return cluster?.exec;
  } finally {
    stop();
  }
}
