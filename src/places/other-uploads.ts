import type { RecentSession, Ssm } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { seconds } from "./uploads.ts";

/**
 * A session carries at most 0.85 MB a second, and its log is uploaded at 0.8 MB a second at least: so the upload takes
 * hardly longer than the session did.
 */
const UPLOAD_FOR_SESSION = 1.1;
const MARGIN_MS = 10_000;
/** Sessions last an hour at the most; the upload of an older one has ended. */
const RECENT_MS = 3 * 3_600_000;
/** Beyond that the job is better off elsewhere. */
const LONGEST_MS = 120_000;
/** Where the sessions may not be seen. */
const UNSEEN_MS = 60_000;

export interface OtherUploadsOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  /** Ours, which the agent has not opened. */
  readonly sessionId: string;
  /** Whether the container's sessions are logged, as far as that is known. */
  readonly logged: boolean;
  /** Milliseconds that this was waited for already. */
  readonly waited: number;
  readonly ssm: Pick<Ssm, "recentSessions">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * For how long yet, in milliseconds, the uploads of other sessions' logs may keep the container's places, so that a
 * session that was not opened says nothing of the agent. Never rejects.
 */
export async function othersUploadFor(options: OtherUploadsOptions): Promise<number> {
  const { sessionTarget, sessionId, logged, waited, ssm, clock, log } = options;
  if (!logged) return 0;
  let ms: number;
  try {
    const sessions = await ssm.recentSessions(sessionTarget, clock.now() - RECENT_MS);
    const others = sessions.filter(({ id }) => id !== sessionId);
    ms = Math.max(0, ...others.map((session) => uploadEnd(session, clock.now()) - clock.now()));
  } catch (error) {
    if (!(error instanceof Failure) || waited > 0) return 0;
    log.info(`Whether the logs of other sessions are being uploaded can't be seen. ${error.failed}`);
    ms = UNSEEN_MS;
  }
  const wait = Math.min(ms, LONGEST_MS - waited);
  if (wait > 0)
    log.info(
      `No session is opened yet; the agent may still upload the logs of others, for ${seconds(wait)} s at the most.`,
    );
  return wait;
}

/** When the log of a session can have been uploaded; one with a client is not over. */
function uploadEnd({ since, ended, connected }: RecentSession, now: number): number {
  if (since === undefined || (ended === undefined && connected)) return 0;
  const end = ended ?? now;
  return end + (end - since) * UPLOAD_FOR_SESSION + MARGIN_MS;
}
