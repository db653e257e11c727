import { type JobHandle, writeHandle } from "../../inputs/handle.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { PreparedJob } from "./prepare.ts";

/**
 * Whether a cancel of the step detaches from the job. Only a step that attaches to a job and has the input `detach` does so; any other step
 * stops its job.
 */
export function isDetachedOnCancel({ where, detach }: Pick<Inputs, "where" | "detach">): boolean {
  return where.kind === "handle" && detach !== undefined;
}

/** How far the job was followed, for the step that follows it next. */
export interface DetachPoint {
  /** The latest time at which the job's `timeout` stops it, in milliseconds since the epoch. */
  readonly until: number;
  /** The spool offset at which the next step goes on. */
  readonly shown: number;
  readonly pieces: JobHandle["pieces"];
}

/** The step's output `handle`, for a job that the step detaches from. `items`: how many the job was given. */
export function handleOf(
  { run, nonce, workers, container: { cluster, task, container, runtimeId } }: PreparedJob,
  { until, shown, pieces }: DetachPoint,
  {
    artifacts,
    bucket,
    prefix,
    bucketOwner,
    kmsKeyId,
  }: Pick<Inputs, "artifacts" | "bucket" | "prefix" | "bucketOwner" | "kmsKeyId">,
  items: number | undefined,
): string {
  return writeHandle({
    ...{ cluster, task, container, runtimeId, run, nonce, workers, items, until, shown },
    artifacts: artifacts?.globs,
    staging: bucket === undefined ? undefined : { bucket, prefix, bucketOwner, kmsKeyId },
    pieces,
  });
}
