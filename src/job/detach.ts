import { type JobHandle, writeHandle } from "../inputs/handle.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { PreparedJob } from "./prepare.ts";

/**
 * Whether a cancel of the step leaves the job running. A step that has started the job stops it. One that attaches to a job
 * stops it, too, unless it is itself to detach from it.
 */
export function leavesOnCancel({ where, detach }: Pick<Inputs, "where" | "detach">): boolean {
  return where.kind === "handle" && detach !== undefined;
}

/** What another step needs to know of how far the job was followed. */
export interface LeftJob {
  /** When the job ends at the latest, in milliseconds since the epoch. */
  readonly until: number;
  /** The byte of the spool at which the other step goes on. */
  readonly shown: number;
  readonly pieces: JobHandle["pieces"];
}

/** The handle of a job that is left running, as the step's output has it. */
export function handleOf(
  { run, nonce, workers, container: { cluster, task, container, runtimeId } }: PreparedJob,
  { until, shown, pieces }: LeftJob,
  {
    artifacts,
    bucket,
    prefix,
    bucketOwner,
    kmsKeyId,
  }: Pick<Inputs, "artifacts" | "bucket" | "prefix" | "bucketOwner" | "kmsKeyId">,
): string {
  return writeHandle({
    ...{ cluster, task, container, runtimeId, run, nonce, workers, until, shown },
    hasArtifacts: artifacts !== undefined,
    staging: bucket === undefined ? undefined : { bucket, prefix, bucketOwner, kmsKeyId },
    pieces,
  });
}
