import { reliableUntil } from "../aws/static-keys.ts";
import { Failure } from "../errors.ts";
import { describeGap } from "../carriers/failures.ts";
import type { JobEnd } from "../carriers/job-end.ts";
import { readCarrier, type ReadToEnd } from "../carriers/read-carrier.ts";
import { readUploadedPieces } from "../carriers/uploaded-pieces.ts";
import { type JobHandle, writeHandle } from "../inputs/handle.ts";
import { JobOutput } from "./job/output.ts";
import { folderOf } from "../carriers/pieces/orders.ts";
import { PieceStore } from "../carriers/pieces/store.ts";
import { bucketOwner } from "../ready/bucket.ts";
import { conclude } from "../report/conclude.ts";
import { printedOutput, type Result, type TaskFacts } from "../report/result.ts";
import { runStep } from "./step/run-step.ts";
import type { OpenStep } from "./step/step.ts";
import type { Surroundings } from "./step/surroundings.ts";
import { targetOfHandle } from "../targets/running-tasks.ts";

/**
 * Shows the output of the job of `handle`, as far as its container has uploaded it, from the first byte that is still kept. Does not follow
 * the job, and changes nothing: the job goes on, and a step that attaches finds all of its output. The result is the job's end when that
 * was uploaded, too, else `detached`. Never rejects.
 */
export async function showUploaded(surroundings: Surroundings): Promise<Result> {
  return await runStep(perform, surroundings);
}

async function perform(step: OpenStep): Promise<Result> {
  const { inputs, clock, log, cancel, drained } = step;
  if (inputs.where.kind !== "handle") throw new Error("the output of a job is shown by its handle");
  const { handle } = inputs.where;
  const target = targetOfHandle(handle);
  const shown = { ...step, inputs: { ...inputs, artifacts: undefined }, target, write: step.writer() };
  const output = new JobOutput(handle, shown);
  const store = storeOf(handle, step);
  const found = await store.look();
  if (found.kind === "empty") throw nothingUploaded();
  if (found.kind === "denied") throw readDenied(store.where, found.why);
  log.phase();
  const { spool, show } = output;
  const events = readUploadedPieces({ store, spool, clock, cancel });
  const { end } = await readCarrier({ events }, { spool, show, drained });
  store.close();
  if (end.kind === "exhausted")
    log.info("The script had not ended when its container uploaded this; more may follow.");
  const report = { end: endOf(end), attached: true, sessionIds: [], handle: writeHandle(handle) };
  const task: TaskFacts = {
    ...{ target, startedAt: undefined, described: undefined, times: undefined, publicIp: undefined },
    ...{ sessionId: undefined, log: undefined },
    ...printedOutput(output.end()),
  };
  return conclude(report, task);
}

function storeOf(handle: JobHandle, { inputs, aws, clock, env, log }: OpenStep): PieceStore {
  const { pieces, staging, cluster } = handle;
  if (pieces === undefined || staging === undefined) throw notUploaded();
  return new PieceStore(folderOf(staging.prefix, pieces.job, pieces.keys), {
    ...{ bucket: staging.bucket, kmsKeyId: staging.kmsKeyId, owner: bucketOwner(inputs, cluster) },
    ...{
      credentialsEnd: reliableUntil(env, inputs.roleToAssume, clock.now()),
      s3: aws.s3,
      clock,
      log,
    },
  });
}

function endOf(read: ReadToEnd["end"]): JobEnd {
  switch (read.kind) {
    case "status":
    case "refused":
      return read;
    case "exhausted":
      return { kind: "detached", writableUntil: undefined };
    case "gap":
      return { kind: "impossible", failure: unreadable(describeGap(read).replace(/\.$/, "")) };
    case "stalled":
      return { kind: "impossible", failure: unreadable(read.seen) };
    default:
      throw new Error(`pieces that are ${read.kind}`);
  }
}

function notUploaded(): Failure {
  return new Failure("bad-input", {
    failed: "The output of this job can only be shown by following it.",
    seen: "A session carries it: the job was started without a 'bucket', or S3 can't be used in its container.",
    advice: "Attach to it, or give the run that starts the job a 'bucket'.",
  });
}

function nothingUploaded(): Failure {
  return new Failure("job-gone", {
    failed: "Nothing of the output of this job is in the bucket.",
    seen: "The first piece and the container's sign of life are not there.",
    advice:
      "A run that has taken the job's end deletes its output: see the log of that run. Or the bucket's lifecycle rule has deleted it.",
  });
}

function readDenied(where: string, seen: string): Failure {
  return new Failure("access-denied", {
    failed: `These credentials may not read the output of this job in ${where}.`,
    seen,
    advice:
      "Allow 's3:GetObject' there, and 's3:ListBucket' on the bucket: without that S3 also denies the read of an object that does not exist.",
  });
}

function unreadable(seen: string): Failure {
  return new Failure("no-status", {
    failed: "The output of the job can't be read to its end.",
    seen: `In the bucket ${seen}.`,
    advice: "Attach to the job: a session then brings what is missing, while the container keeps it.",
  });
}
