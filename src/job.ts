import { randomBytes } from "node:crypto";
import type { JobEnd } from "./follow/job-end.ts";
import type { JobContext } from "./job/context.ts";
import { followToEnd } from "./job/follow-to-end.ts";
import { JobPieces } from "./job/job-pieces.ts";
import { JobOutput } from "./job/output.ts";
import { pieceUse } from "./job/output-ways.ts";
import { JobPlace } from "./job/job-place.ts";
import { type PreparedJob, prepareJob } from "./job/prepare.ts";
import { JobSessions } from "./job/sessions.ts";
import { typedInput } from "./job/typed-input.ts";
import { loggedFailure } from "./log.ts";
import { type EndedJob, readJobLogs } from "./logs/job-logs.ts";
import { WaitLines } from "./waiting.ts";
import { workerCount } from "./payload/workers.ts";
import type { JobReport } from "./report/result.ts";

/**
 * Brings the script into one container, runs it there and follows it to its end. Rejects with a `Failure` where the
 * job gets no place in the container; after that every end is a value.
 */
export async function runJob(context: JobContext): Promise<JobReport> {
  const { inputs, target, clock, log, cancel } = context;
  cancel.throwIfAborted();
  const deadline = clock.now() + inputs.startTimeout;
  log.phase(`Waiting for container '${target.container}' of task ${target.taskId}`);
  const lines = new WaitLines({ clock, log });
  const job = await prepareJob(context, deadline, lines);
  const queuedAt = clock.now();
  const place = new JobPlace(job, context);
  await takePlaceWhileStaging(place, job, cancel);
  // The wait for others is no part of the start.
  const openUntil = deadline + clock.now() - queuedAt;

  const nonce = randomBytes(16).toString("hex");
  const output = new JobOutput(nonce, workerCount(inputs.workers, target.cpuUnits), context);
  const sessions = new JobSessions(job, place, context, { deadline: openUntil, lines });
  const use = pieceUse(inputs);
  const pieces = use === "never" ? undefined : new JobPieces(job, place, use, context);
  try {
    const carriers = { sessions, pieces };
    const ended = await followToEnd(carriers, typedInput(nonce, job, context), output, context);
    // Reading logs needs no session, so the place is given back first.
    void place.giveBack();
    const end = await toldByLogs(ended, output, job, context);
    return { ...ended, end, ...output.end() };
  } finally {
    await place.giveBack();
  }
}

/**
 * Queues for the job's place while the payload is being staged. Where either fails, the other is given up. A failure of
 * `setup` in that time ends both, so that no session begins in vain.
 */
async function takePlaceWhileStaging(
  place: JobPlace,
  { staged, setup }: PreparedJob,
  cancel: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  for (const other of [staged, setup]) other.catch((reason: unknown) => failed.abort(reason));
  const taking = place.take(AbortSignal.any([cancel, failed.signal]));
  const [taken, put] = await Promise.allSettled([taking, staged]);
  if (failed.signal.aborted) await place.giveBack();
  // Of a bucket that can't be used, the failure of the upload says more than that of the queue.
  if (put.status === "rejected") throw put.reason;
  if (taken.status === "rejected") throw taken.reason;
  failed.signal.throwIfAborted();
}

/** The job's end, after its sessions' logs were read where that is needed. Never rejects. */
async function toldByLogs(
  ended: EndedJob,
  output: JobOutput,
  { setup }: PreparedJob,
  context: JobContext,
): Promise<JobEnd> {
  try {
    // It is known for a job that has run.
    const logs = await setup.then(
      (known) => known.logs,
      () => undefined,
    );
    const end = await readJobLogs(ended, { ...context, output, sessionLogs: logs ?? [] });
    if (end.kind !== "status") context.cancel.throwIfAborted();
    return end;
  } catch (error) {
    return { kind: "impossible", failure: loggedFailure(error, context.log) };
  }
}
