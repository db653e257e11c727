import type { Log } from "../log.ts";
import { type Followed, followTranscript, type FollowOptions } from "../session/follow.ts";
import type { SessionLogs } from "./logging.ts";
import { transcript, type TranscriptContext } from "./transcript.ts";

export interface ReadLogsOptions
  extends TranscriptContext, Pick<FollowOptions, "extractor" | "onShown" | "room"> {
  readonly places: SessionLogs;
  /** In the order in which they went on where the one before was cut. */
  readonly sessionIds: readonly string[];
  readonly log: Log;
}

/**
 * Pulls output and status out of the transcripts of a job's sessions, one after the other, going on where the
 * extractor already is. Ends with the status, or with what the last of them lacks. While one is waited for, the others
 * have that time too.
 */
export async function readLogs(from: "cloudwatch" | "s3", options: ReadLogsOptions): Promise<Followed> {
  const { places, sessionIds, extractor, clock } = options;
  const until = clock.now() + options.patience;
  let followed: Followed = { kind: "missing", attached: false };
  for (const sessionId of sessionIds) {
    extractor.restart();
    const patience = Math.max(0, until - clock.now());
    const found = await followTranscript(
      transcript(from, places, sessionId, { ...options, patience }),
      options,
    );
    if (found.kind === "status") return found;
    if (found.kind !== "missing" || found.attached) followed = found;
  }
  return followed;
}
