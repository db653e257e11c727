import type { Log } from "../log.ts";
import { followLog } from "../follow/follow-log.ts";
import type { FollowContext } from "../follow/follow-session.ts";
import type { CarrierEnd } from "../follow/job-end.ts";
import type { SessionLog } from "../ready/session-logs.ts";
import { type LogAccess, readTranscript, type TranscriptContext, UnreadableLog } from "./transcript.ts";

/** Which logs are read, and where their output goes. */
export interface LogReading extends LogAccess, Pick<FollowContext, "extractor" | "onShown" | "drained"> {
  /** In the order of the sessions. */
  readonly sessionIds: readonly string[];
  readonly log: Log;
}

export interface ReadLogsOptions extends LogReading, TranscriptContext {}

/**
 * Reads output and status from the transcripts of a job's sessions, one after the other, from the extractor's
 * position on. Resolves with the status, or with the end of the last transcript. `patience` is the limit for all
 * transcripts together. Fails with `UnreadableLog` when nothing of the job was found, and a missing right may be the
 * cause.
 */
export async function readLogs(from: SessionLog, options: ReadLogsOptions): Promise<CarrierEnd> {
  const { sessionIds, extractor, clock } = options;
  const until = clock.now() + options.patience;
  let followed: CarrierEnd | undefined;
  let unreadable: UnreadableLog | undefined;
  for (const sessionId of sessionIds) {
    extractor.restart();
    const patience = Math.max(0, until - clock.now());
    try {
      const bytes = readTranscript(from, sessionId, { ...options, patience });
      const found = await followLog(bytes, options);
      if (found.kind === "status") return found;
      if (found.kind !== "missing" || found.attached) followed = found;
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      unreadable = error;
    }
  }
  if (followed === undefined && unreadable !== undefined) throw unreadable;
  return followed ?? { kind: "missing", attached: false };
}
