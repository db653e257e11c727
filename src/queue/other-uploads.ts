import type { RecentSession, Ssm } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { seconds } from "./uploads.ts";

/**
 * The time of an upload as a multiple of its session's time. A session carries at most 0.85 MB a second, and its log is
 * uploaded at 0.8 MB a second or faster (measured with amazon-ssm-agent 3.3 of October 2024, commit 1c217c89).
 */
const UPLOAD_FOR_SESSION = 1.1;
const MARGIN_MS = 10_000;
/** How far back sessions are listed, by their beginning. An older one that has just ended is rare, and only its upload is missed. */
const RECENT_MS = 3 * 3_600_000;
/** The longest wait in all. After it another task is the better choice. */
const LONGEST_MS = 120_000;
/** The wait of a caller that may not list sessions: where they are logged, and where they are not. */
const UNSEEN_MS = 60_000;
/** With the 20 s before it, this is longer than a session lives whose client was killed before it typed anything (bootstrap.sh). */
const UNSEEN_UNLOGGED_MS = 30_000;

export interface OtherUploadsOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  /** The session of this run, which the agent has not opened. */
  readonly sessionId: string;
  /** Whether the container's sessions are logged, as far as that is known. */
  readonly logged: boolean;
  /** Milliseconds that the run has waited for uploads already. */
  readonly waited: number;
  readonly ssm: Pick<Ssm, "listRecentSessions">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * For how many more milliseconds the uploads of other sessions' logs, or sessions that can't be seen, may occupy the container. In that time
 * an unopened session does not show that the agent is blocked. Never rejects.
 */
export async function estimateOtherUploads(options: OtherUploadsOptions): Promise<number> {
  const { sessionTarget, sessionId, logged, waited, ssm, clock, log } = options;
  let ms: number;
  try {
    const sessions = await ssm.listRecentSessions(sessionTarget, clock.now() - RECENT_MS);
    if (!logged) return 0;
    const others = sessions.filter(({ id }) => id !== sessionId);
    ms = Math.max(0, ...others.map((session) => uploadEnd(session, clock.now()) - clock.now()));
  } catch (error) {
    if (!(error instanceof Failure) || waited > 0) return 0;
    if (!logged) {
      log.info(
        `No session is open yet, and the container's other sessions can't be seen. One whose client was killed before it delivered its ` +
          `script ends by itself, so this run waits ${seconds(UNSEEN_UNLOGGED_MS)} s more. ${error.failed}`,
      );
      return UNSEEN_UNLOGGED_MS;
    }
    log.info(`Uploads of other sessions' logs can't be seen. ${error.failed}`);
    ms = UNSEEN_MS;
  }
  const wait = Math.min(ms, LONGEST_MS - waited);
  if (wait > 0)
    log.info(
      `No session is open yet; the agent may still be uploading the logs of other sessions, for ${seconds(wait)} s at the most.`,
    );
  return wait;
}

/**
 * When the log of a session has been uploaded at the latest, in milliseconds since the epoch; 0 for a session that
 * still has a client.
 */
function uploadEnd({ since, ended, connected }: RecentSession, now: number): number {
  if (since === undefined || (ended === undefined && connected)) return 0;
  const end = ended ?? now;
  return end + (end - since) * UPLOAD_FOR_SESSION + MARGIN_MS;
}
