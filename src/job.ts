import type { JobHandle } from "./inputs/handle.ts";
import type { JobContext } from "./job/context.ts";
import { handleOf } from "./job/detach.ts";
import { endByLogs } from "./job/end-by-logs.ts";
import { followToEnd } from "./job/follow-to-end.ts";
import { JobPieces } from "./job/job-pieces.ts";
import { JobOutput } from "./job/output.ts";
import { mayUsePieces } from "./job/output-ways.ts";
import { JobPlace } from "./job/job-place.ts";
import { jobProtection } from "./job/job-protection.ts";
import { takePlaceWhileStaging } from "./job/place-while-staging.ts";
import { type PreparedJob, prepareJob } from "./job/prepare.ts";
import { runningJob } from "./job/running-job.ts";
import { JobSessions } from "./job/sessions.ts";
import { typedInput } from "./job/typed-input.ts";
import { WaitLines } from "./waiting.ts";
import type { JobReport } from "./report/result.ts";
import type { JobTimes } from "./report/timeline.ts";

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
  const beganAt = clock.now();
  const job = await prepareJob(context, deadline, lines);
  const readyAt = clock.now();
  const place = new JobPlace(job, context);
  await takePlaceWhileStaging(place, job, cancel);
  const protection = jobProtection(context);
  protection?.begin();
  const placedAt = clock.now();
  // The wait for others is no part of the start.
  const openUntil = deadline + placedAt - readyAt;

  const times = { beganAt, readyAt, placedAt };
  return await followPrepared(job, place, { deadline: openUntil, lines, protection, times }, context);
}

/** Follows a job that another step has left running. Never rejects, but for a cancel before it begins. */
export async function attachToJob(handle: JobHandle, context: JobContext): Promise<JobReport> {
  const { inputs, clock, log, cancel } = context;
  cancel.throwIfAborted();
  log.phase(`Attaching to the job in container '${handle.container}' of task ${context.target.taskId}`);
  const job = runningJob(handle, context);
  const beganAt = clock.now();
  const lines = new WaitLines({ clock, log });
  const opening = { deadline: beganAt + inputs.startTimeout, lines, times: { beganAt } };
  return await followPrepared(job, new JobPlace(job, context), opening, context);
}

/** What belongs to the beginning of a job, or of following one. */
interface FirstSession {
  /** When the first session has to be open. */
  readonly deadline: number;
  readonly lines: WaitLines;
  readonly times: JobTimes;
  readonly protection?: ReturnType<typeof jobProtection>;
}

async function followPrepared(
  job: PreparedJob,
  place: JobPlace,
  opening: FirstSession,
  context: JobContext,
): Promise<JobReport> {
  const { inputs, clock } = context;
  const { protection } = opening;
  const output = new JobOutput(job, context);
  const sessions = new JobSessions(job, place, context, opening);
  const pieces = mayUsePieces(inputs) ? new JobPieces(job, place, context) : undefined;
  try {
    const following = { ...context, drained: output.drained };
    const ended = await followToEnd({ sessions, pieces }, typedInput(job, context), output, following);
    // Reading logs and unpacking need no session, so the place is given back first.
    void place.giveBack();
    void protection?.end();
    const end = await endByLogs(ended, output, job, following);
    const artifacts = await output.artifacts(end, ended.attached);
    const { artifactsFrom } = output;
    const { attachedAt } = ended;
    const times = { ...opening.times, attachedAt, artifactsFrom, endedAt: clock.now() };
    const left = { until: sessions.until, shown: output.extractor.confirmed, pieces: pieces?.left(ended) };
    const handle = end.kind === "detached" ? handleOf(job, left, inputs) : undefined;
    return { ...ended, end, ...output.end(), artifacts, times, handle };
  } finally {
    await Promise.all([place.giveBack(), protection?.end()]);
  }
}
