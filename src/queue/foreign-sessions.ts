import type { ActiveSession, Ssm } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import { asFailure, type Failure, isAboutCredentials, isDenied } from "../errors.ts";
import type { Log } from "../log.ts";
import { LoneSession } from "./lone-session.ts";
import { sinceWords, type WaitLog } from "./wait-log.ts";

/** The time for the first answer. In a VPC without an endpoint for SSM no answer comes, and no run must wait for it for long. */
const FIRST_LOOK_MS = 1_000;
const PAUSE_MS = 1_000;
const JITTER_MS = 500;
/** The time for the agent to end the session of a run that has left: it drains the output for 2 s. */
const LEAVING_MS = 10_000;
const LEAVING_PAUSE_MS = 300;
/** The most sessions beside which a run opens its own. An ExecuteCommand whose answer was lost may have opened another one, and a fourth would block the agent. */
const MOST_BESIDE = 1;

export interface SessionLookOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "listActiveSessions">;
  readonly clock: Clock;
  readonly log: Log;
  /** Called at each look for which the caller lacks the right. */
  readonly onDenied: (denied: Failure) => void;
}

/** The container's sessions; undefined when they can't be listed, or not soon. Never rejects. */
export async function lookAtSessions(
  options: SessionLookOptions,
): Promise<readonly ActiveSession[] | undefined> {
  const { clock } = options;
  const answered = new AbortController();
  const late = clock.sleep(FIRST_LOOK_MS, answered.signal).catch(() => undefined);
  const sessions = await Promise.race([listSessions(options), late]);
  answered.abort();
  return sessions ?? undefined;
}

/** The container's sessions; undefined when they can't be listed. Never rejects. */
export async function listSessions({ sessionTarget, ssm, log, onDenied }: SessionLookOptions) {
  try {
    return await ssm.listActiveSessions(sessionTarget);
  } catch (error) {
    if (isDenied(error)) onDenied(error);
    else log.debug(`The container's sessions can't be listed. ${asFailure(error).failed}`);
    return undefined;
  }
}

export interface ForeignSessionOptions extends SessionLookOptions {
  /** A look at the sessions that is under way. */
  readonly looking: Promise<readonly ActiveSession[] | undefined>;
  /** The sessions of the runs in the queue. */
  readonly ours: () => readonly string[];
  /** The last sessions of runs that have left the queue. The agent may still be ending them. */
  readonly past: () => readonly string[];
  /**
   * Whether other runs hold seats, too. This run then also waits for a session that is ending, for as long as it takes: with
   * two such sessions there could be four.
   */
  readonly hasOtherHolders: boolean;
  /** Reads the queue again. */
  readonly refresh: () => Promise<void>;
  readonly waitLog: WaitLog;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly random?: (() => number) | undefined;
}

export interface ForeignSessions {
  /** True when the container's sessions can be listed. */
  readonly canList: boolean;
  /** True when the run goes on beside a lone session that has lost its client. */
  readonly isBesideOthers: boolean;
}

/**
 * Waits until the container has no session but those of the runs in the queue, or one beside which the run may go on: one
 * without a client, or one that is ending. It waits at most ten seconds for further ones that are ending, past the deadline if need be.
 * Does not wait when sessions can't be listed. Fails with `container-busy` at the deadline, and with the failure of the
 * credentials when these have ended; an abort throws its reason.
 */
export async function waitForForeignSessions(options: ForeignSessionOptions): Promise<ForeignSessions> {
  const {
    looking,
    hasOtherHolders,
    refresh,
    waitLog,
    clock,
    log,
    deadline,
    signal,
    random = clock.random.fraction,
  } = options;
  let sessions = await looking;
  if (sessions === undefined) return { canList: false, isBesideOthers: false };
  const lone = new LoneSession(clock, log);
  let leavingSince: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const [known, past] = [new Set(options.ours()), options.past()];
    const isLeaving = (session: ActiveSession): boolean => isEnding(session) || past.includes(session.id);
    const others = sessions.filter(({ id }) => !known.has(id));
    const foreign = others.filter((session) => hasOtherHolders || !isLeaving(session));
    leavingSince = others.some(isLeaving) ? (leavingSince ?? clock.now()) : undefined;
    const areLeaving = leavingSince !== undefined && clock.now() - leavingSince < LEAVING_MS;
    const isCrowded = areLeaving && others.length > MOST_BESIDE;
    if (foreign.length === 0 && !isCrowded) return { canList: true, isBesideOthers: false };
    const isFull = isCrowded || sessions.some(({ id }) => known.has(id));
    if (lone.mayGoOn(foreign, { attaches: false, isUnlogged: true, isFull }))
      return { canList: true, isBesideOthers: true };
    const endSoon = areLeaving && foreign.every(isLeaving);
    if (!endSoon) waitLog.tell(waitWords(foreign));
    const untilDeadline = Math.max(0, deadline - clock.now());
    const pause = endSoon ? LEAVING_PAUSE_MS : Math.min(untilDeadline, PAUSE_MS + random() * JITTER_MS);
    await clock.sleep(pause, signal);
    await refresh().catch((error: unknown) => {
      // Without credentials this run would wait in vain, and then say that the container is busy.
      if (isAboutCredentials(error)) throw error;
      log.debug(`The queue can't be seen: ${asFailure(error).seen}`);
    });
    sessions = (await listSessions(options)) ?? sessions;
  }
}

/** True for a session whose command the agent has ended, or is ending. */
function isEnding({ status }: ActiveSession): boolean {
  return status === "Terminating" || status === "Terminated" || status === "Failed";
}

/** The most sessions that are named. */
const MOST_NAMED = 4;

function waitWords(sessions: readonly ActiveSession[]) {
  const ids = sessions.slice(0, MOST_NAMED).map(({ id }) => id);
  if (sessions.length > MOST_NAMED) ids.push(`${sessions.length - MOST_NAMED} more`);
  const which = `${ids.length === 1 ? "session" : "sessions"} ${listNames(ids)}`;
  return {
    held: ["in use by", which, ...sinceWords(sessions[0]?.since)].join(" "),
    goal:
      ids.length === 1
        ? "for its end (no run in this queue has opened it)"
        : "for their end (no run in this queue has opened them)",
  };
}

function listNames(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" and ");
}
