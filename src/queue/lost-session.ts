import type { Ssm } from "../aws/ssm.ts";
import { asFailure } from "../errors.ts";
import { listSessions, type SessionLookOptions } from "./foreign-sessions.ts";

export interface LostSessionContext extends SessionLookOptions {
  readonly ssm: Pick<Ssm, "listActiveSessions" | "terminateSession">;
}

/**
 * Ends the session that the claim of a lost run names, so that its seat in the container is free at once. Any principal
 * with the right to write to the bucket may have written the claim. So the session is ended only if it is one of this
 * container and has lost its client. Never rejects.
 */
export async function endLostSession(sessionId: string, context: LostSessionContext): Promise<void> {
  const { ssm, log } = context;
  const sessions = await listSessions(context);
  const session = sessions?.find(({ id }) => id === sessionId);
  if (session?.status !== "Disconnected") return;
  try {
    await ssm.terminateSession(session.id);
    log.info(`Ended that run's session ${session.id}, which had lost its client.`);
  } catch (error) {
    log.info(
      `That run's session ${session.id} can't be ended now; it ends by itself. ${asFailure(error).failed}`,
    );
  }
}
