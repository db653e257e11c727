import type { Aws } from "../aws/calls.ts";
import type { Ssm } from "../aws/ssm.ts";
import type { Encryption } from "../channel/encryption.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { requestSession } from "./request-session.ts";
import type { Target } from "../targets/target.ts";
import type { TaskLooks } from "../targets/task-looks.ts";
import { openSession, type Session } from "./session.ts";

export interface OpenerOptions {
  readonly aws: Aws;
  readonly looks: Pick<TaskLooks, "describeTask">;
  readonly target: Target;
  /** The name by which KMS knows the session's other end. */
  readonly sessionTarget: string;
  /** What the cluster asks of its sessions. */
  readonly encryption: Encryption;
  /** The command of a session that goes on at this byte of the spool. */
  readonly command: (at: number) => string;
  /** Called with each session's id before it is connected. */
  readonly onSession: (sessionId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/** Opens a session at byte `at`; gives up at `until`, in milliseconds since the epoch. */
export type Opener = (at: number, until: number) => Promise<Session>;

/** ExecuteCommand, tried until the agent takes it, then a connection to the session that it made. */
export function sessionOpener(options: OpenerOptions): Opener {
  const { aws, looks, target, clock, log, cancel } = options;
  return async (at, until) => {
    const context = { ecs: aws.ecs, looks, clock, log, signal: cancel };
    const ticket = await requestSession(target, options.command(at), until, context);
    options.onSession(ticket.sessionId);
    cancel.throwIfAborted();
    const opening = openSession({
      ...ticket,
      sessionTarget: options.sessionTarget,
      encryption: options.encryption,
      aws: aws.clients,
      log,
      clock,
      resume: () => aws.ssm.resumeSession(ticket.sessionId),
      requestDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
    });
    return await opening.catch(async (error: unknown) => {
      // Its command runs without us, and keeps a place in the container. A cancel is carried out elsewhere.
      if (!cancel.aborted) await terminateSession(options, ticket.sessionId);
      throw error;
    });
  };
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
