import type { JobReport } from "../../report/result.ts";
import type { JobTimes } from "../../report/timeline.ts";
import type { JobContext } from "./context.ts";
import { handleOf } from "./detach.ts";
import { endByLogs } from "./end-by-logs.ts";
import { followToEnd } from "./follow-to-end.ts";
import { JobPieces } from "./job-pieces.ts";
import type { JobSeat } from "./job-seat.ts";
import { JobOutput } from "./output.ts";
import { mayUsePieces } from "./output-ways.ts";
import type { PreparedJob } from "./prepare.ts";
import { type FirstSession, JobSessions } from "./sessions.ts";
import { makeTypedInput } from "./typed-input.ts";

/** What is known when the following of a job begins. */
export interface Opening extends FirstSession {
  readonly times: JobTimes;
}

/** Follows a job of this step, or of another one, to its end, and gives its seat back. Never rejects. */
export async function followPrepared(
  job: PreparedJob,
  seat: JobSeat,
  opening: Opening,
  context: JobContext,
): Promise<JobReport> {
  const { inputs, clock } = context;
  const { protection } = opening;
  const pieces = mayUsePieces(inputs) ? new JobPieces(job, seat, context) : undefined;
  const output = new JobOutput(job, context, pieces);
  const sessions = new JobSessions(job, seat, context, opening);
  try {
    const following = { ...context, drained: output.drained };
    const ended = await followToEnd({ sessions, pieces }, makeTypedInput(job, context), output, following);
    // Reading logs and unpacking need no session, so the seat is given back first.
    void seat.giveBack();
    void protection?.end();
    const end = await endByLogs(ended, output, job, following);
    const artifacts = await output.artifacts(end, ended.attached).finally(() => pieces?.settleParts());
    const { artifactsFrom } = output;
    const { attachedAt } = ended;
    const times = { ...opening.times, attachedAt, artifactsFrom, endedAt: clock.now() };
    const point = {
      until: sessions.jobEndsBy,
      shown: output.resumeAt,
      pieces: pieces?.piecesOfHandle(ended),
    };
    const handle = end.kind === "detached" ? handleOf(job, point, inputs, context.items?.total) : undefined;
    return { ...ended, end, ...output.end(), artifacts, times, handle };
  } finally {
    await Promise.all([seat.giveBack(), protection?.end()]);
  }
}
