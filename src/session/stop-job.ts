import type { Aws } from "../aws/calls.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { stopCommand } from "../payload/stop.ts";
import { terminateSession } from "./opener.ts";
import { openSession } from "./session.ts";

/** A job in a container, or what was to become one. */
export interface JobName {
  readonly cluster: string;
  readonly task: string;
  readonly container: string;
  readonly run: string;
  /** The session that showed it last, if there was one. */
  readonly sessionId?: string;
  /** Where sessions are encrypted, the name by which KMS knows their other end. */
  readonly encryptedFor?: string;
}

export interface StopJobOptions {
  readonly aws: {
    readonly ecs: Pick<Aws["ecs"], "executeCommand">;
    readonly ssm: Pick<Aws["ssm"], "terminateSession">;
    readonly kms: Pick<Aws["kms"], "generateDataKey">;
    readonly clients: Pick<Aws["clients"], "region" | "credentials" | "proxy">;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** For the handshake of an encrypted session, before which the agent runs nothing. */
const HANDSHAKE_MS = 2_500;

/**
 * Stops a job by a command of its own, for when no session can tell it to; one that has not started never will. The
 * session that it had is ended first, for its place in the container. Rejects when the container can't be told.
 */
export async function stopJob(job: JobName, { aws, clock, log }: StopJobOptions): Promise<void> {
  const { cluster, task, container, run, sessionId, encryptedFor } = job;
  if (sessionId !== undefined) await terminateSession({ aws, log }, sessionId);
  const command = stopCommand(run, { sessionKnown: sessionId !== undefined });
  const answer = await aws.ecs.executeCommand({ cluster, task, container, command });
  if ("notConnected" in answer) throw new Error(answer.notConnected);
  if (encryptedFor !== undefined) {
    const session = await openSession({
      ...answer.session,
      targetId: encryptedFor,
      aws: aws.clients,
      log,
      clock,
      wantDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
    });
    const over = new AbortController();
    await Promise.race([session.ended, clock.sleep(HANDSHAKE_MS, over.signal)]);
    over.abort();
    await session.close();
  }
  log.info("No session was there to stop the job; told the container by a command of its own.");
}
