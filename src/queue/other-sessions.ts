import type { ActiveSession, Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import type { MatrixJob } from "../inputs/inputs.ts";
import type { SessionLook } from "./early-look.ts";
import { tellWhile } from "../waiting.ts";
import { FEW_AT_ONCE } from "./failures.ts";
import { hasClient, LoneSession } from "./lone-session.ts";
import { seatWaitLog, type QueueOptions, waitUntilFree } from "./queue.ts";
import { sinceWords, type WaitReason } from "./wait-log.ts";

/** The longest pause when sessions may not be listed. */
const SPACING_MS = 1_000;
/** The pause between two looks at a container that is in use. */
const POLL_MS = { shortest: 700, jitter: 600 };
/** The pause before the look that confirms a free container. Once other sessions were seen, their runs may wait for it, too. */
const CONFIRM_MS = { shortest: 300, jitter: 1_500, contendedJitter: 4_000 };
/** With up to this many runs that confirm at once, one comes well before the others. */
const MANY = 40;
/** A session may be joined at this age. By then the list also has the session of a job that looked before this one was in it. */
const SETTLED_MS = 1_000;

export interface SessionQueueOptions extends QueueOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "listActiveSessions">;
  /** Which job of its matrix this run is, if known. */
  readonly matrix: MatrixJob | undefined;
  /**
   * Whether the container's sessions are logged nowhere. The upload of a log keeps the seat of a session that is no longer in
   * the list.
   */
  readonly isUnlogged: () => Promise<boolean>;
  /** Whether the run attaches to a job that runs already. */
  readonly attaches?: boolean | undefined;
  /** The sessions that the run has opened in the container before. */
  readonly own?: readonly string[] | undefined;
  /** A look that is under way. */
  readonly early?: SessionLook | undefined;
}

/** The seat that a run has found by looking at the container's sessions. */
export interface SessionSeat {
  /** True when another session may delay the opening of this run's. */
  readonly isBesideOthers: boolean;
  /** When the last look began, in milliseconds since the epoch; undefined when the sessions can't be listed. */
  readonly lookedAt: number | undefined;
  /** Waits until another session may be opened, after this one was lost. An abort throws its reason. */
  readonly waitToReplace: (lostSessionId: string) => Promise<void>;
}

/**
 * Waits until the container has no session. There is no lock beyond the machine. So a run that may have begun beside many others looks
 * a second time, after a random pause: one of them then comes well before the others. A lone job, and a job of a matrix that runs two at
 * once, goes on at its first look, unless it has waited; such a matrix's second job may also join one session, when no log is uploaded.
 * Any run may go on beside a lone session that has lost its client, or that may be of the job to which the run attaches. Without the right to
 * list sessions the run waits only a moment. Fails with `container-busy` at the deadline.
 */
export async function waitForOtherSessions(options: SessionQueueOptions): Promise<SessionSeat> {
  const { clock, log, signal, random = clock.random.fraction, matrix } = options;
  const isOfFew = matrix !== undefined && matrix.atOnce <= FEW_AT_ONCE;
  const waitLog = seatWaitLog(options);
  const { last, look } = looker(options);
  try {
    for (let contended = false, confirmed = isOfFew; ;) {
      const waited = await waitUntilFree(look, { ...options, waitLog, poll: () => pollMs(random) });
      contended ||= waited;
      if ((confirmed && !waited) || last.isBesideOthers) break;
      await clock.sleep(confirmMs(contended, random), signal);
      confirmed = true;
    }
    waitLog.end();
    return {
      isBesideOthers: last.isBesideOthers,
      lookedAt: last.asked,
      waitToReplace: (lost) => waitForFewSessions(lost, options),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || error.code === "container-busy") throw error;
    log.info(
      `The container's other sessions can't be listed, so two runs may open sessions at once. ${error.failed}`,
    );
    if (!isOfFew) await clock.sleep(random() * SPACING_MS, signal);
    return { isBesideOthers: false, lookedAt: undefined, waitToReplace: () => Promise.resolve() };
  }
}

/** Makes the function that looks at the container's sessions. `last` is its last look: when it began, and whether it has found a session to go on beside. */
function looker(options: SessionQueueOptions) {
  const { clock, log, matrix, attaches = false } = options;
  const list = lister(options);
  const lone = new LoneSession(clock, log);
  const last = { asked: clock.now(), isBesideOthers: false };
  let isUnlogged = false;
  options.isUnlogged().then(
    (known) => (isUnlogged = known),
    () => undefined, // the session's own set-up reports it
  );
  const mayJoin = ({ status, since = Infinity }: ActiveSession): boolean =>
    isUnlogged &&
    matrix?.atOnce === FEW_AT_ONCE &&
    status === "Connected" &&
    last.asked - since >= SETTLED_MS;
  const look = async (): Promise<WaitReason | undefined> => {
    const { asked, sessions } = await list();
    const [first, ...others] = sessions;
    last.asked = asked;
    last.isBesideOthers =
      first !== undefined &&
      ((others.length === 0 && mayJoin(first)) || lone.mayGoOn(sessions, { attaches, isUnlogged }));
    if (first === undefined || last.isBesideOthers) return undefined;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    const held = [`in use by session ${first.id}${more}`, ...sinceWords(first.since)].join(" ");
    return { held, goal: "for its seat" };
  };
  return { last, look };
}

function pollMs(random: () => number): number {
  return POLL_MS.shortest + random() * POLL_MS.jitter;
}

/**
 * Most pauses are near the longest one, so that few runs come early. Of up to `MANY` runs the first one is then rarely followed by another
 * before its session can be seen. This is the distribution of the Sift protocol for wireless networks (Jamieson et al., 2003).
 */
function confirmMs(contended: boolean, random: () => number): number {
  const share = Math.log(1 + random() * (MANY - 1)) / Math.log(MANY);
  return CONFIRM_MS.shortest + share * (contended ? CONFIRM_MS.contendedJitter : CONFIRM_MS.jitter);
}

/**
 * Waits while a further session could be the fourth. Beside the lost one there may be one that has a client. One that has none was
 * perhaps cut in the same moment, and its run opens another one, too. The container ends such a session of this action after a while.
 */
async function waitForFewSessions(
  lost: string,
  { sessionTarget, ssm, isUnlogged, clock, log, signal, random = clock.random.fraction }: SessionQueueOptions,
): Promise<void> {
  if (!(await isUnlogged().catch(() => false))) return;
  const lone = new LoneSession(clock, log);
  const wait = async (): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const sessions = await ssm.listActiveSessions(sessionTarget).catch(() => []);
      const others = sessions.filter(({ id }) => id !== lost);
      const mayGoOn = lone.mayGoOn(others, { attaches: false, isUnlogged: true });
      if (others.length === 0 || (others.length === 1 && others.some(hasClient)) || mayGoOn) return;
      await clock.sleep(pollMs(random), signal);
    }
  };
  await tellWhile(`the end of session ${lost}, or of another one in the container`, { clock, log }, wait());
}

/** Makes a function that lists the container's sessions: first by the look that is under way, then by new ones. */
function lister({ sessionTarget, ssm, own = [], early, clock }: SessionQueueOptions) {
  let first = early;
  return async (): Promise<{ readonly asked: number; readonly sessions: readonly ActiveSession[] }> => {
    const look = first;
    first = undefined;
    const seen = await look?.sessions;
    if (look !== undefined && seen !== undefined) return { asked: look.asked, sessions: seen };
    const asked = clock.now();
    const sessions = await ssm.listActiveSessions(sessionTarget);
    return { asked, sessions: sessions.filter(({ id }) => !own.includes(id)) };
  };
}
