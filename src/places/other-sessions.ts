import type { ActiveSession, Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import type { MatrixJob } from "../inputs/inputs.ts";
import type { SessionLook } from "./early-look.ts";
import { tellWhile } from "../waiting.ts";
import { LoneSession } from "./lone-session.ts";
import { placeWaitLog, type QueueOptions, waitUntilFree } from "./queue.ts";
import { type LookSchedule, makeSchedule } from "./look-schedule.ts";
import { durationWords, sinceWords, type WaitReason } from "./wait-log.ts";

/** The longest pause when sessions may not be listed. */
const SPACING_MS = 1_000;
/** The log says it when a job waits longer than this for its slot. */
const SAID_SLOT_MS = 3_000;

export interface SessionQueueOptions extends QueueOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "listActiveSessions">;
  /** Which job of its matrix this run is, if known. */
  readonly matrix: MatrixJob | undefined;
  /**
   * Whether the container's sessions are logged nowhere. The upload of a log keeps the place of a session that is no longer in
   * the list.
   */
  readonly isUnlogged: () => Promise<boolean>;
  /** Whether the run attaches to a job that runs already. */
  readonly attaches?: boolean | undefined;
  /** A look that is under way. */
  readonly early?: SessionLook | undefined;
}

/** The place that a run has found by looking at the container's sessions. */
export interface SessionPlace {
  /** True when another session may delay the opening of this run's. */
  readonly isBesideOthers: boolean;
  /** When the last look began, in milliseconds since the epoch; undefined when the sessions can't be listed. */
  readonly lookedAt: number | undefined;
  /** Waits until another session may be opened, after this one was lost. An abort throws its reason. */
  readonly waitToReplace: (lostSessionId: string) => Promise<void>;
}

/**
 * Waits until the container has no session and this run's schedule lets it in. Without the right to list sessions the run waits only a
 * moment. This is no lock: two runs that look in the same moment may both go on. A job of a matrix may also go on beside one
 * session, when no log is uploaded. Any run may go on beside a lone session that has lost its client, or that may be of the job to
 * which the run attaches. Fails with `container-busy` at the deadline.
 */
export async function waitForOtherSessions(options: SessionQueueOptions): Promise<SessionPlace> {
  const { clock, log, signal, random = clock.random.fraction, matrix, attaches = false } = options;
  const looks = makeSchedule(matrix, random);
  const list = lister(options);
  /** The last look. */
  const last = { asked: clock.now(), isBesideOthers: false, joins: false };
  let isUnlogged = false;
  options.isUnlogged().then(
    (known) => (isUnlogged = known),
    () => undefined, // the session's own set-up reports it
  );
  const lone = new LoneSession(clock, log);
  const waitLog = placeWaitLog(options);
  let slotTold = false;
  const look = async (): Promise<WaitReason | undefined> => {
    const { asked, sessions } = await list();
    const [first, ...others] = sessions;
    Object.assign(last, { asked, isBesideOthers: false, joins: false });
    if (first === undefined) return undefined;
    last.joins = isUnlogged && others.length === 0 && looks.mayJoin({ asked, answered: clock.now() }, first);
    last.isBesideOthers = last.joins || lone.mayGoOn(sessions, { attaches, isUnlogged });
    if (last.isBesideOthers) return undefined;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    const held = [`in use by session ${first.id}${more}`, ...sinceWords(first.since)].join(" ");
    return { held, goal: "for its place" };
  };
  const waitToReplace = (lost: string): Promise<void> => waitForFewSessions(lost, looks, options);
  try {
    for (let contended = false, confirmed = false; ;) {
      const waited = await waitUntilFree(look, { ...options, waitLog, poll: () => looks.poll(clock.now()) });
      contended ||= waited;
      confirmed &&= !waited;
      const times = { asked: last.asked, answered: clock.now() };
      if (last.joins || looks.mayGo(times, { contended, confirmed })) break;
      const { ms, careful } = looks.pause(clock.now(), contended);
      confirmed = careful;
      slotTold ||= tellSlot(ms, options);
      await clock.sleep(ms, signal);
    }
    waitLog.end();
    return { isBesideOthers: last.isBesideOthers, lookedAt: last.asked, waitToReplace };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || error.code === "container-busy") throw error;
    log.info(
      `The container's other sessions can't be listed, so two runs may open sessions at once. ${error.failed}`,
    );
    if (matrix?.total !== 1) await clock.sleep(random() * SPACING_MS, signal);
    return { isBesideOthers: false, lookedAt: undefined, waitToReplace: () => Promise.resolve() };
  }
}

/** Says that a job of a matrix waits for its slot, if that is long. Returns whether it has said so. */
function tellSlot(ms: number, { target, matrix, log }: SessionQueueOptions): boolean {
  if (matrix === undefined || matrix.total === 1 || ms <= SAID_SLOT_MS) return false;
  log.info(
    `Container '${target.container}' of task ${target.taskId} is free; waiting for the slot of job ${matrix.index + 1} of ` +
      `${matrix.total}, for at most ${durationWords(ms)}. Jobs that queue in a 'bucket' need no slots.`,
  );
  return true;
}

/**
 * Waits while a further session could be the fourth: the sessions of two runs may have been cut in the same moment and be still
 * there. So a run goes on at once when at most one session is left, and beside two only in its slot.
 */
async function waitForFewSessions(
  lost: string,
  looks: LookSchedule,
  { sessionTarget, ssm, isUnlogged, clock, log, signal }: SessionQueueOptions,
): Promise<void> {
  if (!(await isUnlogged().catch(() => false))) return;
  const wait = async (): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const asked = clock.now();
      const sessions = await ssm.listActiveSessions(sessionTarget).catch(() => []);
      if (sessions.length < 2) return;
      if (sessions.length === 2 && looks.mayReplace({ asked, answered: clock.now() })) return;
      await clock.sleep(looks.poll(clock.now()), signal);
    }
  };
  await tellWhile(`the end of session ${lost}, or of another one in the container`, { clock, log }, wait());
}

/** Makes a function that lists the container's sessions: first by the look that is under way, then by new ones. */
function lister({ sessionTarget, ssm, early, clock }: SessionQueueOptions) {
  let first = early;
  return async (): Promise<{ readonly asked: number; readonly sessions: readonly ActiveSession[] }> => {
    const look = first;
    first = undefined;
    const seen = await look?.sessions;
    if (look !== undefined && seen !== undefined) return { asked: look.asked, sessions: seen };
    const asked = clock.now();
    return { asked, sessions: await ssm.listActiveSessions(sessionTarget) };
  };
}
