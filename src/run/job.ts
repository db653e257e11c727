import type { JobHandle } from "../inputs/handle.ts";
import type { JobContext } from "./job/context.ts";
import { followPrepared } from "./job/follow-prepared.ts";
import { JobSeat } from "./job/job-seat.ts";
import { makeProtection } from "./job/job-protection.ts";
import { takeSeatWhileStaging } from "./job/seat-while-staging.ts";
import { prepareJob } from "./job/prepare.ts";
import { prepareRunningJob } from "./job/running-job.ts";
import type { JobReport } from "../report/result.ts";
import { WaitLines } from "../waiting.ts";

/**
 * Brings the script into one container, runs it there and follows it to its end. Rejects with a `Failure` when it
 * fails before the job has a seat in the container. After that every end is a value.
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
  const seat = new JobSeat(job, context);
  await takeSeatWhileStaging(seat, job, cancel);
  const protection = makeProtection(context);
  protection?.begin();
  const seatedAt = clock.now();
  // The wait for a seat does not count towards `start-timeout`.
  const openUntil = deadline + seatedAt - readyAt;

  const times = { beganAt, readyAt, seatedAt };
  return await followPrepared(job, seat, { deadline: openUntil, lines, protection, times }, context);
}

/** Follows a job that another step has detached from. Rejects only for a cancel before it begins. */
export async function attachToJob(handle: JobHandle, context: JobContext): Promise<JobReport> {
  const { inputs, clock, log, cancel } = context;
  cancel.throwIfAborted();
  log.phase(`Attaching to the job in container '${handle.container}' of task ${context.target.taskId}`);
  const job = prepareRunningJob(handle, context);
  const beganAt = clock.now();
  const lines = new WaitLines({ clock, log });
  const opening = { deadline: beganAt + inputs.startTimeout, lines, times: { beganAt } };
  return await followPrepared(job, new JobSeat(job, context), opening, context);
}
