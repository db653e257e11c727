import type { JobEnd } from "../follow/job-end.ts";
import { logFailure } from "../log.ts";
import { type EndedJob, readJobLogs } from "../logs/job-logs.ts";
import type { JobContext } from "./context.ts";
import type { JobOutput } from "./output.ts";
import type { PreparedJob } from "./prepare.ts";

/** The job's end, after its sessions' logs were read when that is needed. Never rejects. */
export async function endByLogs(
  ended: EndedJob,
  output: JobOutput,
  { setup }: PreparedJob,
  context: JobContext,
): Promise<JobEnd> {
  try {
    // The set-up of a job that has run is known.
    const logs = await setup.then(
      (known) => known.logs,
      () => undefined,
    );
    const end = await readJobLogs(ended, { ...context, output, sessionLogs: logs ?? [] });
    if (end.kind !== "status" && end.kind !== "detached") context.cancel.throwIfAborted();
    return end;
  } catch (error) {
    return { kind: "impossible", failure: logFailure(error, context.log) };
  }
}
