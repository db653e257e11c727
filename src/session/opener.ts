import type { Aws } from "../aws/calls.ts";
import type { SessionTicket } from "../aws/ecs.ts";
import type { Ssm } from "../aws/ssm.ts";
import type { Encryption } from "../channel/encryption.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { openSession, type Session } from "./session.ts";

export interface OpenTicketOptions {
  readonly aws: Pick<Aws, "clients" | "ssm" | "kms">;
  /** The name by which KMS knows the session's other end. */
  readonly sessionTarget: string;
  /** What the cluster asks of its sessions. */
  readonly encryption: Encryption;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/** Connects to the session of this ticket. One that can't be connected to is ended, unless the run is cancelled. */
export async function openTicket(ticket: SessionTicket, options: OpenTicketOptions): Promise<Session> {
  const { aws, sessionTarget, encryption, clock, log, cancel } = options;
  const { sessionId } = ticket;
  cancel.throwIfAborted();
  const opening = openSession({
    ...{ ...ticket, sessionTarget, encryption, log, clock },
    aws: aws.clients,
    resume: () => aws.ssm.resumeSession(sessionId),
    requestDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
  });
  return await opening.catch(async (error: unknown) => {
    // Its command runs without us, and keeps a place in the container. A cancel is carried out elsewhere.
    if (!cancel.aborted) await terminateSession(options, sessionId);
    throw error;
  });
}

/** Ends a session that was lost, so that its place in the container is free. Without the right to do that, the log says so. */
export async function terminateSession(
  { aws, log }: { readonly aws: { readonly ssm: Pick<Ssm, "terminateSession"> }; readonly log: Log },
  id: string,
): Promise<void> {
  try {
    await aws.ssm.terminateSession(id);
  } catch (error) {
    const why = error instanceof Failure ? `${error.failed} ${error.seen}` : String(error);
    log.info(`The old session can't be ended from here, so the next may have to wait for its place: ${why}`);
  }
}
