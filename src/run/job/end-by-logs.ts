import type { JobEnd } from "../../carriers/job-end.ts";
import { logFailure } from "../../log.ts";
import { type EndedJob, readJobLogs } from "../../carriers/logs/job-logs.ts";
import type { JobContext } from "./context.ts";
import type { JobOutput } from "./output.ts";
import type { PreparedJob } from "./prepare.ts";

/** Resolves with how the job ended. Reads the sessions' logs when no session told the end. Never rejects. */
export async function endByLogs(
  ended: EndedJob,
  output: JobOutput,
  { setup }: PreparedJob,
  context: JobContext,
): Promise<JobEnd> {
  try {
    // `setup` rejects when the cluster or the task could not be described. Then no log is known.
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
