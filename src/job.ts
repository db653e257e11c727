import { randomBytes } from "node:crypto";
import type { JobContext } from "./job/context.ts";
import { followToEnd } from "./job/follow-to-end.ts";
import { JobOutput } from "./job/output.ts";
import { queueForPlace } from "./job/job-place.ts";
import { prepareJob } from "./job/prepare.ts";
import { JobSessions } from "./job/sessions.ts";
import { typedInput } from "./job/typed-input.ts";
import { loggedFailure } from "./log.ts";
import { readJobLogs } from "./logs/job-logs.ts";
import { workerCount } from "./payload/workers.ts";
import type { JobReport } from "./report/result.ts";

/**
 * Brings the script into one container, runs it there and follows it to its end. Rejects with a `Failure` for what keeps
 * the job from its place in the container; from then on every end is a value.
 */
export async function runJob(context: JobContext): Promise<JobReport> {
  const { inputs, target, clock, log, cancel } = context;
  cancel.throwIfAborted();
  const deadline = clock.now() + inputs.startTimeout;
  const job = await prepareJob(context, deadline);
  const place = await queueForPlace(job, context, deadline);

  const nonce = randomBytes(16).toString("hex");
  const output = new JobOutput(nonce, workerCount(inputs.workers, target.cpuUnits), context);
  const sessions = new JobSessions(job, place, context, deadline);
  const reported = (end: JobReport["end"]): JobReport => {
    const { ids, attached } = sessions;
    return { end, sessionIds: ids, log: sessions.log, attached, stdout: output.end() };
  };
  try {
    const followed = await followToEnd(sessions, typedInput(nonce, job, context), output, context);
    // Reading logs needs no session, so the place is given back meanwhile.
    void place.giveBack();
    const end = await readJobLogs(followed, { ...context, sessions, output, places: job.logs });
    if (end.kind !== "status") cancel.throwIfAborted();
    return reported(end);
  } catch (error) {
    return reported({ kind: "impossible", failure: loggedFailure(error, log) });
  } finally {
    await place.giveBack();
  }
}
