import { randomBytes } from "node:crypto";
import type { JobContext } from "./job/context.ts";
import { endByLogs } from "./job/end-by-logs.ts";
import { followToEnd } from "./job/follow-to-end.ts";
import { JobPieces } from "./job/job-pieces.ts";
import { JobOutput } from "./job/output.ts";
import { mayUsePieces } from "./job/output-ways.ts";
import { JobPlace } from "./job/job-place.ts";
import { jobProtection } from "./job/job-protection.ts";
import { takePlaceWhileStaging } from "./job/place-while-staging.ts";
import { prepareJob } from "./job/prepare.ts";
import { JobSessions } from "./job/sessions.ts";
import { typedInput } from "./job/typed-input.ts";
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
  const protection = jobProtection(context);
  protection?.begin();
  // The wait for others is no part of the start.
  const openUntil = deadline + clock.now() - queuedAt;

  const nonce = randomBytes(16).toString("hex");
  const output = new JobOutput(nonce, workerCount(inputs.workers, target.cpuUnits), context);
  const sessions = new JobSessions(job, place, context, { deadline: openUntil, lines });
  const pieces = mayUsePieces(inputs) ? new JobPieces(job, place, context) : undefined;
  try {
    const carriers = { sessions, pieces };
    const ended = await followToEnd(carriers, typedInput(nonce, job, context), output, context);
    // Reading logs needs no session, so the place is given back first.
    void place.giveBack();
    void protection?.end();
    const end = await endByLogs(ended, output, job, context);
    return { ...ended, end, ...output.end() };
  } finally {
    await Promise.all([place.giveBack(), protection?.end()]);
  }
}
