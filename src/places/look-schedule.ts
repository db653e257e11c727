import type { ActiveSession } from "../aws/ssm.ts";
import type { MatrixJob } from "../inputs/inputs.ts";

/** When a look was begun and answered, in milliseconds since the epoch. */
export interface LookTimes {
  readonly asked: number;
  readonly answered: number;
}

/** What a run has done before a look that saw no session. */
export interface LookHistory {
  /** The run has seen other sessions, for whose end more runs may wait. */
  readonly contended: boolean;
  /** An earlier look saw no session either, and a careful pause came in between. */
  readonly confirmed: boolean;
}

/**
 * When a run may open its session in a container that has none, or one. There is no lock. The exec agent runs two sessions,
 * queues a third, and a fourth blocks it for good. So at most three runs may go on before the session of the first can
 * be seen, which takes a look and an ExecuteCommand.
 */
export interface LookSchedule {
  /** Milliseconds until the next look at a container that is in use. */
  poll(now: number): number;
  /** Milliseconds until the next look at one that is free, and whether that is a careful pause. */
  pause(now: number, contended: boolean): { readonly ms: number; readonly careful: boolean };
  /** Whether a look that saw no session is enough. */
  mayGo(look: LookTimes, waiting: LookHistory): boolean;
  /** Whether the run may open its session beside the only one that a look has seen. */
  mayJoin(look: LookTimes, session: ActiveSession): boolean;
  /** Whether a run that has lost its own session may open another one, when a look has seen the lost one and one more. */
  mayReplace(look: LookTimes): boolean;
}

/** The shortest careful pause, and the jitter. */
const CAREFUL_MS = 300;
const JITTER_MS = 1_500;
/** The jitter once other sessions were seen, whose runs may wait as well. */
const CONTENDED_JITTER_MS = 4_000;
const POLL_MS = { shortest: 2_000, jitter: 3_000 };
/** A lone run is quick when a session ends, because it hardly ever waits beside many others. */
const LONE_POLL_MS = { shortest: 700, jitter: 600 };
/** With up to this many runs in a container one comes well before the others. */
const MANY = 40;
/**
 * The length of a slot. Only one job of a matrix goes on in it, in its first quarter. When the third job after it looks, the list must have its
 * session. AWS does not say how long ExecuteCommand takes until then. Slots of this length leave it a second and a quarter, and half a
 * second where three matrices meet.
 */
const SLOT_MS = 500;
/** A look must begin so soon in its slot. Where three matrices meet, the looks of the next slot would miss the session of a later one. */
const LOOK_MS = SLOT_MS / 4;
/** An answer that took longer may be out of date. */
const FRESH_MS = 500;
/** The jobs of a matrix of at most this many may join another session: the matrix has no fourth job. */
const FEW = 3;
/** A session may be joined at this age. By then the list also has the sessions of jobs that looked before this one was in it. */
const SETTLED_MS = 1_000;

/** The schedule of a run. `matrix` tells which jobs began with it; undefined when that is not known. */
export function makeSchedule(matrix: MatrixJob | undefined, random: () => number): LookSchedule {
  if (matrix === undefined) return makeCarefulSchedule(random);
  return matrix.total === 1 ? makeLoneSchedule(random) : makeMatrixSchedule(matrix);
}

/**
 * Two looks with a random pause in between, so that one of several runs that saw the place free comes well before the
 * others.
 */
function makeCarefulSchedule(random: () => number): LookSchedule {
  return {
    poll: () => POLL_MS.shortest + random() * POLL_MS.jitter,
    pause: (_, contended) => {
      const jitter = contended ? CONTENDED_JITTER_MS : JITTER_MS;
      return { ms: CAREFUL_MS + lateShare(random()) * jitter, careful: true };
    },
    mayGo: (_, { confirmed }) => confirmed,
    mayJoin: () => false,
    mayReplace: () => true,
  };
}

/** No pause for a run that sees no session: no job of its own workflow began with it. */
function makeLoneSchedule(random: () => number): LookSchedule {
  const careful = makeCarefulSchedule(random);
  return {
    ...careful,
    poll: () => LONE_POLL_MS.shortest + random() * LONE_POLL_MS.jitter,
    mayGo: (look, waiting) => !waiting.contended || careful.mayGo(look, waiting),
  };
}

/**
 * Time is cut into slots, and the jobs of a matrix take them in the order of their indices, again and again. So two of them
 * hardly ever go on at once, however many there are and whenever they begin. In its slot a job needs one look only. A job looks in
 * its slot only, so the whole matrix makes one look a slot. A job of a small matrix may join another session, unless that session has lost
 * its client: its run may open another one.
 */
function makeMatrixSchedule({ index, total }: MatrixJob): LookSchedule {
  const round = total * SLOT_MS;
  const untilSlot = (now: number): number => {
    const next = Math.floor(now / round) * round + index * SLOT_MS;
    return next > now ? next - now : next + round - now;
  };
  const isOwn = ({ asked }: LookTimes): boolean => {
    const since = (asked % round) - index * SLOT_MS;
    return since >= 0 && since <= LOOK_MS;
  };
  const isFresh = ({ asked, answered }: LookTimes): boolean => answered - asked <= FRESH_MS;
  return {
    poll: untilSlot,
    pause: (now) => ({ ms: untilSlot(now), careful: true }),
    mayGo: (look, { confirmed }) => isOwn(look) && (confirmed || isFresh(look)),
    mayJoin: (look, { status, since = Infinity }) =>
      total <= FEW &&
      isOwn(look) &&
      isFresh(look) &&
      status === "Connected" &&
      look.asked - since >= SETTLED_MS,
    mayReplace: (look) => isOwn(look) && isFresh(look),
  };
}

/**
 * The share of the pause for a uniform random number. Most shares are near 1, so that few runs come early. Of up to
 * `MANY` runs the first one is then rarely followed by another before its session can be seen. This is the
 * distribution of the Sift protocol for wireless networks (Jamieson et al., 2003).
 */
function lateShare(random: number): number {
  return Math.log(1 + random * (MANY - 1)) / Math.log(MANY);
}
