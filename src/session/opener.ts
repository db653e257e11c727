import type { Aws } from "../aws/calls.ts";
import type { SessionTicket } from "../aws/ecs.ts";
import type { Ssm } from "../aws/ssm.ts";
import type { Encryption } from "./channel/encryption.ts";
import type { Clock } from "../clock.ts";
import { factsOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { openSession, type Session } from "./session.ts";
import type { SessionLimits } from "./session-limits.ts";

export interface OpenTicketOptions {
  readonly aws: Pick<Aws, "clients" | "ssm" | "kms">;
  /** `ecs:<cluster>_<task>_<runtime id>`, a part of the KMS encryption context. */
  readonly sessionTarget: string;
  /**
   * Whether the cluster encrypts its sessions, and with which key. The socket is opened once that is known, so that
   * nothing is typed before.
   */
  readonly encryption: Promise<Encryption>;
  /** By default those of a session that is alone. */
  readonly limits?: SessionLimits | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * Connects to the session of this ticket. Rejects as `encryption` and `openSession` do, and ends the session then,
 * unless the run is cancelled.
 */
export async function openTicket(ticket: SessionTicket, options: OpenTicketOptions): Promise<Session> {
  const { aws, sessionTarget, encryption, limits, clock, log, cancel } = options;
  const { sessionId } = ticket;
  const opening = encryption.then((known) => {
    cancel.throwIfAborted();
    return openSession({
      ...{ ...ticket, sessionTarget, encryption: known, limits, log, clock, cancel },
      aws: aws.clients,
      resume: () => aws.ssm.resumeSession(sessionId),
      requestDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
    });
  });
  return await opening.catch(async (error: unknown) => {
    // The session's command runs without a client, and keeps a seat in the container. After a cancel the cleanup
    // ends the session.
    if (!cancel.aborted) await terminateSession(options, sessionId);
    throw error;
  });
}

/**
 * Ends a session that was lost, so that its seat in the container is free. Never rejects: a refusal goes to the log.
 */
export async function terminateSession(
  { aws, log }: { readonly aws: { readonly ssm: Pick<Ssm, "terminateSession"> }; readonly log: Log },
  id: string,
): Promise<void> {
  try {
    await aws.ssm.terminateSession(id);
  } catch (error) {
    const why = factsOf(error);
    log.info(`The old session can't be ended from here, so the next may have to wait for its seat: ${why}`);
  }
}
