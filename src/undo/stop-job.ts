import type { Aws } from "../aws/calls.ts";
import type { SessionTicket } from "../aws/ecs.ts";
import { hasContainerEnded } from "../aws/task.ts";
import type { Encryption } from "../session/channel/encryption.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { stopCommand } from "../payload/stop.ts";
import { lookAtSessions } from "../queue/foreign-sessions.ts";
import type { GatewayAccess } from "../session/transport/dial.ts";
import { terminateSession } from "../session/opener.ts";
import { openSession } from "../session/session.ts";
import type { ContainerRef } from "../targets/container-ref.ts";
import { STOP_HANDSHAKE_MS } from "./budget.ts";

/** The most sessions of a container: two that run, and one in line. */
const MOST_SESSIONS = 3;
const MOST_RUNNING = 2;
/** How long the stop command waits for other sessions to end, and how often it looks. */
const ROOM_MS = 60_000;
const ROOM_LOOK_MS = 500;
/** How long the stop command runs at most in a container, and its session: it looks for the job for ten seconds, and stops it in as many. */
const COMMAND_MS = 25_000;
/** How long the stop command waits for the answer to the end of the job's session. SSM answers within tenths of a second. */
const ENDING_MS = 1_000;

/** A job in a container, which may not have started yet. */
export interface JobName extends ContainerRef {
  /** The id of the run, which names the job directory. */
  readonly run: string;
  /** The last session of the job, if there was one. */
  readonly sessionId?: string;
  /** Whether the cluster encrypts its sessions, and with which key. Undefined while ECS has not told it. */
  readonly encryption?: Encryption | undefined;
}

export interface StopJobOptions {
  readonly aws: {
    readonly ecs: Pick<Aws["ecs"], "executeCommand" | "describeTasks">;
    readonly ssm: Pick<Aws["ssm"], "terminateSession" | "listActiveSessions">;
    readonly kms: Pick<Aws["kms"], "generateDataKey">;
    /** `signal` ends the calls, and the stop with them. */
    readonly clients: GatewayAccess & { readonly signal?: AbortSignal | undefined };
  };
  readonly clock: Clock;
  readonly log: Log;
  /** True when the connection to the gateway has no time limit: the post step need not end within 7.5 s. */
  readonly patient?: boolean | undefined;
}

/**
 * `perhaps`: the session of the stop command may be in line behind others, for as long as these last, or nothing shows whether it is. Then only
 * `control` in the bucket is certain to tell the job.
 */
export type Told = "certainly" | "perhaps";

/** How a job was stopped by a command. */
export interface StopCommand {
  readonly told: Told;
  /**
   * When the session of the command ends at the latest, in milliseconds since the epoch, unless it waits in line. Undefined when it has ended, and
   * when others can see it in the list of sessions.
   */
  readonly commandEndsBy?: number;
}

/**
 * Stops a job by a command of its own, when no session can tell the job to stop. A job that has not started will not
 * start. The job's last session is ended first, which frees its seat in the container. A job whose container has ended needs no stop. Rejects
 * when the command does not reach the container.
 */
export async function stopJob(job: JobName, options: StopJobOptions): Promise<StopCommand> {
  try {
    const last = await endLastSession(job, options);
    const others = await waitForRoom(job, last, options);
    return await runStopCommand(job, { last, others }, options);
  } catch (error) {
    if (await isOver(job, options.aws)) return { told: "certainly" };
    throw error;
  }
}

/** What is known of the job's last session. */
type LastSession = "none" | "ended" | "unanswered";

/** Ends the job's last session. An answer that does not come holds up the stop command for a moment only. */
async function endLastSession(
  { sessionId }: JobName,
  { aws, clock, log }: StopJobOptions,
): Promise<LastSession> {
  if (sessionId === undefined) return "none";
  const over = new AbortController();
  const late = clock.sleep(ENDING_MS, over.signal).then(
    () => "unanswered" as const,
    () => "ended" as const,
  );
  const ended = terminateSession({ aws, log }, sessionId).then(() => "ended" as const);
  return await Promise.race([ended, late]).finally(() => over.abort());
}

/**
 * Waits while the session of the stop command could be the fourth of the container: two run, one waits in line, and a further one blocks
 * the exec agent for good. Does not wait when the sessions can't be listed. Rejects when there are too many for a minute. Resolves with the
 * number of other sessions, if it is known.
 */
async function waitForRoom(
  { sessionTarget, sessionId }: JobName,
  last: LastSession,
  { aws, clock, log }: StopJobOptions,
): Promise<number | undefined> {
  const look = { ...{ sessionTarget, clock, log, ssm: aws.ssm }, onDenied: () => undefined };
  const until = clock.now() + ROOM_MS;
  for (;;) {
    const sessions = await lookAtSessions(look);
    if (sessions === undefined) return undefined;
    const others = sessions.filter(({ id }) => last !== "ended" || id !== sessionId);
    if (others.length < MOST_SESSIONS) return others.length;
    if (clock.now() >= until)
      throw new Error(
        `The container has ${others.length} sessions, and another one could block its exec agent for good.`,
      );
    await clock.sleep(ROOM_LOOK_MS * (0.5 + clock.random.fraction()), aws.clients.signal);
  }
}

/** False also when it can't be known. */
async function isOver(
  { cluster, task, container }: JobName,
  { ecs }: StopJobOptions["aws"],
): Promise<boolean> {
  const [found] = await ecs.describeTasks(cluster, [task]).catch(() => []);
  return found !== undefined && hasContainerEnded(found, container);
}

async function runStopCommand(
  job: JobName,
  { last, others }: { readonly last: LastSession; readonly others: number | undefined },
  options: StopJobOptions,
): Promise<StopCommand> {
  const { aws, clock, log } = options;
  const { cluster, task, container, run, encryption } = job;
  const command = stopCommand(run, { sessionEnded: last === "ended" });
  const answer = await aws.ecs.executeCommand({ cluster, task, container, command });
  if ("notConnected" in answer) throw new Error(answer.notConnected);
  const running = others === undefined ? { commandEndsBy: clock.now() + COMMAND_MS } : {};
  // Without encryption the agent runs the command before a client has connected.
  if (encryption?.kind === "none" && (others === undefined || others >= MOST_RUNNING)) {
    log.info(
      "No session could tell the job to stop, so a command of its own does, at the latest when other sessions of the container have ended.",
    );
    return { told: "perhaps", ...running };
  }
  const seen = encryption?.kind === "none" ? "running" : await shakeHands(answer.session, job, options);
  if (seen !== "unneeded") log.info("No session could tell the job to stop, so a command of its own did.");
  return { told: "certainly", ...(seen === "running" && running) };
}

/**
 * Connects to an encrypted session until its command runs, at most for the time of a handshake. Rejects when the
 * command can't run, or the session was not set up in that time: it is ended then. While ECS has not told whether the cluster encrypts, no
 * session of the job was connected to. If the agent asks for a key then, not even the bootstrap has run: the session is
 * ended without a call of KMS, and the command is `unneeded`. Without encryption, which the caller may not know, the agent shakes no hands, and only the
 * end of the session shows that the command has run: the post step has the time to wait for that.
 */
async function shakeHands(
  ticket: SessionTicket,
  { sessionTarget, encryption }: JobName,
  { aws, clock, log, patient = false }: StopJobOptions,
): Promise<"running" | "ended" | "unneeded"> {
  const over = new AbortController();
  const late = new AbortController();
  const cutShort = AbortSignal.any([late.signal, ...(aws.clients.signal ? [aws.clients.signal] : [])]);
  const most = patient && encryption?.kind !== "required" ? COMMAND_MS : STOP_HANDSHAKE_MS;
  const limit = (): void => {
    clock.sleep(most, over.signal).then(
      () => late.abort(new Error(`The session of the stop command was not set up within ${most / 1000} s.`)),
      () => undefined, // it was in time
    );
  };
  if (!patient) limit();
  try {
    const session = await openSession({
      ...{ ...ticket, sessionTarget, encryption: encryption ?? { kind: "none" } },
      ...{ aws: aws.clients, log, clock, signal: cutShort },
      requestDataKey: ({ keyId, encryptionContext }) => aws.kms.generateDataKey(keyId, encryptionContext),
    });
    if (patient) limit();
    const end = await session.ended;
    // Without the handshake the agent has not run the command.
    if (!session.isSetUp) cutShort.throwIfAborted();
    if (end.kind !== "lost") return end.kind === "closed" ? "ended" : "running";
    const failure = end.cause instanceof Failure ? end.cause : new Error(end.why);
    const hasNotRun = encryption === undefined && isMismatch(failure);
    if (!hasNotRun) throw failure;
    await terminateSession({ aws, log }, ticket.sessionId);
    return "unneeded";
  } catch (error) {
    // The stop is tried again, by another session. With this one beside it and a run that begins there could be four.
    if (late.signal.aborted) await terminateSession({ aws, log }, ticket.sessionId);
    throw error;
  } finally {
    over.abort();
  }
}

function isMismatch(failure: Error): boolean {
  return failure instanceof Failure && failure.code === "encryption-mismatch";
}
