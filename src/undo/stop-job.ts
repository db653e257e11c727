import type { Aws } from "../aws/calls.ts";
import type { SessionTicket } from "../aws/ecs.ts";
import type { Encryption } from "../channel/encryption.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { stopCommand } from "../payload/stop.ts";
import type { GatewayAccess } from "../transport/dial.ts";
import { terminateSession } from "../session/opener.ts";
import { openSession } from "../session/session.ts";
import type { ContainerRef } from "../targets/container-ref.ts";
import { HANDSHAKE_MS } from "./budget.ts";

/** A job in a container, or what was to become one. */
export interface JobName extends ContainerRef {
  /** The id of the run, which names the job directory. */
  readonly run: string;
  /** The session that showed the job last, if there was one. */
  readonly sessionId?: string;
  /** What the cluster asks of the container's sessions. */
  readonly encryption: Encryption;
}

export interface StopJobOptions {
  readonly aws: {
    readonly ecs: Pick<Aws["ecs"], "executeCommand">;
    readonly ssm: Pick<Aws["ssm"], "terminateSession">;
    readonly kms: Pick<Aws["kms"], "generateDataKey">;
    readonly clients: GatewayAccess;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Stops a job by a command of its own, for when no session can tell it to; one that has not started never will. The
 * session that it had is ended first, for its place in the container. Rejects when the container can't be told.
 */
export async function stopJob(job: JobName, options: StopJobOptions): Promise<void> {
  const { aws, log } = options;
  const { cluster, task, container, run, sessionId, encryption } = job;
  if (sessionId !== undefined) await terminateSession({ aws, log }, sessionId);
  const command = stopCommand(run, { sessionKnown: sessionId !== undefined });
  const answer = await aws.ecs.executeCommand({ cluster, task, container, command });
  if ("notConnected" in answer) throw new Error(answer.notConnected);
  // Without a key on the cluster the agent runs a command whether its client comes or not.
  if (encryption.kind !== "none") await shakeHands(answer.session, job, options);
  log.info("No session was there to stop the job; told the container by a command of its own.");
}

/** Is the client of a session that may be encrypted, until its command runs. Rejects where it never will. */
async function shakeHands(
  ticket: SessionTicket,
  { sessionTarget: targetId, encryption }: JobName,
  { aws, clock, log }: StopJobOptions,
): Promise<void> {
  const session = await openSession({
    ...ticket,
    ...{ targetId, encryption, aws: aws.clients, log, clock },
    wantDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
  });
  const over = new AbortController();
  const end = await Promise.race([session.ended, clock.sleep(HANDSHAKE_MS, over.signal)]);
  over.abort();
  await session.close();
  if (end?.kind === "lost") throw end.cause instanceof Failure ? end.cause : new Error(end.why);
}
