import type { MatrixJob } from "../inputs/inputs.ts";
import { isRecord } from "../values.ts";
import { leaseOf } from "./leases.ts";

/** The most sessions of runs that share a container. The exec agent runs one or two and queues one more. */
const MOST_SHARED = 2;
/** The most sessions in all while one run replaces a session that may not have ended yet. */
const MOST_REPLACING = 3;
/** The most claims of a queue, and the most sessions that it remembers. */
const MOST_CLAIMS = 2_000;
const MOST_PAST = 4;
/** The most bytes of a queue that are read. A claim has up to some 400. */
export const LARGEST_QUEUE = 400 * MOST_CLAIMS;

/** The claim of a run on a seat in a container. All times are by S3's clock, in milliseconds since the epoch. */
export interface Claim {
  readonly run: string;
  /** True for a holder of a seat; false for a run that waits for one. */
  readonly holds: boolean;
  /** True when another run that shares, too, may hold a seat at the same time. */
  readonly shares: boolean;
  /** True for a claim on a lock, which lapses later than one on a container's seat. */
  readonly locks: boolean;
  /** How many sessions of the run there may be at once. Two while it replaces one. */
  readonly sessions: 1 | 2;
  /** Since when the run holds the seat, or waits for it; undefined: since the object was last written. */
  readonly since: number | undefined;
  /** When the run was last known to live; undefined: when the object was last written. */
  readonly renewed: number | undefined;
  /** The address of the workflow run, for the logs of runs that wait. */
  readonly url?: string | undefined;
  /** The job's id in its workflow. */
  readonly job?: string | undefined;
  readonly matrix?: MatrixIndex | undefined;
  /** The last session of the run. */
  readonly session?: string | undefined;
}

/** Which job of its matrix a run is, for people. */
type MatrixIndex = Pick<MatrixJob, "index" | "total">;

/** The queue for the seats in one container. */
export interface Queue {
  /** In the order of their arrival. */
  readonly claims: readonly Claim[];
  /** The last sessions of runs that have given their seats back. SSM may list them for a moment longer. */
  readonly past: readonly string[];
}

export const EMPTY: Queue = { claims: [], past: [] };

/** The queue with the claims that live at `now`, and those that have lapsed. */
export function split({ claims, past }: Queue, now: number): { live: Queue; lapsed: readonly Claim[] } {
  const isLapsed = (claim: Claim): boolean =>
    claim.renewed !== undefined && now - claim.renewed > leaseOf(claim).lasts;
  return {
    live: { claims: claims.filter((claim) => !isLapsed(claim)), past },
    lapsed: claims.filter(isLapsed),
  };
}

export function claimOf({ claims }: Queue, run: string): Claim | undefined {
  return claims.find((claim) => claim.run === run);
}

export function holders({ claims }: Queue): readonly Claim[] {
  return claims.filter(({ holds }) => holds);
}

/** The number of a run in line, from 1 for the next one; of a run that isn't in the queue, the number that it would get. */
export function numberInLine({ claims }: Queue, run: string): number {
  const waiting = claims.filter(({ holds }) => !holds);
  const at = waiting.findIndex((claim) => claim.run === run);
  return (at < 0 ? waiting.length : at) + 1;
}

/**
 * Whether the run may take a seat. It has to be the first in line. Either no run holds a seat, or the holders share the
 * container as this run does.
 */
export function mayHold(queue: Queue, { run, shares }: Pick<Claim, "run" | "shares">): boolean {
  if (numberInLine(queue, run) !== 1) return false;
  const others = holders(queue);
  if (others.length === 0) return true;
  return shares && others.every((other) => other.shares) && sessionsOf(others) < MOST_SHARED;
}

/**
 * Whether a holder may open another session though its last one may not have ended. At most one of the holders may do so at
 * a time.
 */
export function mayReplace(queue: Queue, run: string): boolean {
  return sessionsOf(holders(queue).filter((other) => other.run !== run)) + 2 <= MOST_REPLACING;
}

function sessionsOf(claims: readonly Claim[]): number {
  return claims.reduce((sum, { sessions }) => sum + sessions, 0);
}

/** The queue with this claim instead of the run's former one, or at `place` when it had none: by default at the end. */
export function withClaim({ claims, past }: Queue, claim: Claim, place = claims.length): Queue {
  const at = claims.findIndex(({ run }) => run === claim.run);
  return { claims: at < 0 ? claims.toSpliced(place, 0, claim) : claims.with(at, claim), past };
}

/** The queue without the run. It remembers the run's last session. */
export function withoutRun({ claims, past }: Queue, run: string, session: string | undefined): Queue {
  const sessions = session === undefined ? past : [...past.filter((id) => id !== session), session];
  return { claims: claims.filter((claim) => claim.run !== run), past: sessions.slice(-MOST_PAST) };
}

/** `write` is another text for each write: S3's conditions compare hashes, so the same bytes would count as the version that they replace. */
export function writeQueue({ claims, past }: Queue, write: string): Uint8Array {
  const written = claims.map(({ holds, since, renewed, shares, locks, sessions, matrix, ...names }) => ({
    ...names,
    state: holds ? "holds" : "waits",
    ...(matrix && { matrix: [matrix.index, matrix.total] }),
    ...(shares && { shares }),
    ...(locks && { locks }),
    ...(sessions === 2 && { sessions }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(renewed !== undefined && { renewed: new Date(renewed).toISOString() }),
  }));
  return Buffer.from(JSON.stringify({ claims: written, ...(past.length > 0 && { past }), write }));
}

/**
 * The queue in an object that was last modified at `modified`. Any principal with the right to write to the bucket may
 * have written it. So only texts of the expected forms are read, and no claim is younger than its object. Bytes that are
 * no queue count as the claim of an unknown holder, which lapses like any other.
 */
export function parseQueue(bytes: Uint8Array, modified: number): Queue {
  const value = parseJson(bytes);
  if (!isRecord(value) || !Array.isArray(value["claims"]))
    return { claims: [unknownClaim(modified)], past: [] };
  const claims = value["claims"].slice(0, MOST_CLAIMS).flatMap((claim) => parseClaim(claim, modified));
  const runs = new Set<string>();
  const past = Array.isArray(value["past"]) ? value["past"].slice(-MOST_PAST) : [];
  return {
    claims: claims.filter(({ run }) => !runs.has(run) && runs.add(run)),
    past: past.flatMap((id) => textMatching(id, SESSION) ?? []),
  };
}

const RUN = /^[\w-]{1,100}$/;
const JOB = RUN;
const SESSION = /^[\w.@=+:-]{1,200}$/;

function unknownClaim(modified: number): Claim {
  const times = { since: modified, renewed: modified };
  return { run: "unknown", holds: true, shares: false, locks: false, sessions: 1, ...times };
}

function parseClaim(value: unknown, modified: number): Claim[] {
  if (!isRecord(value)) return [];
  const run = textMatching(value["run"], RUN);
  if (run === undefined) return [];
  return [
    {
      run,
      holds: value["state"] !== "waits",
      shares: value["shares"] === true,
      locks: value["locks"] === true,
      sessions: value["sessions"] === 2 ? 2 : 1,
      since: momentOf(value["since"], modified),
      renewed: momentOf(value["renewed"], modified),
      url: webAddress(value["url"]),
      job: textMatching(value["job"], JOB),
      matrix: matrixIndex(value["matrix"]),
      session: textMatching(value["session"], SESSION),
    },
  ];
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function textMatching(value: unknown, form: RegExp): string | undefined {
  return typeof value === "string" && form.test(value) ? value : undefined;
}

/** The given time, but no later than `modified`; `modified` when no time is given. */
function momentOf(value: unknown, modified: number): number {
  const ms = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? modified : Math.min(ms, modified);
}

function matrixIndex(value: unknown): MatrixIndex | undefined {
  if (!Array.isArray(value)) return undefined;
  const [index, total] = value as readonly unknown[];
  const isCount = (count: unknown): count is number =>
    Number.isInteger(count) && Number(count) >= 0 && Number(count) <= 100_000;
  return isCount(index) && isCount(total) && index < total ? { index, total } : undefined;
}

/** The address in a browser's form; undefined for anything but an https address without credentials. */
function webAddress(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > 1_000 || !URL.canParse(value)) return undefined;
  const { protocol, username, password, href } = new URL(value);
  // A browser's form may be several times as long, and it is written again with each change.
  const isShort = href.length <= 1_000;
  return protocol === "https:" && username === "" && password === "" && isShort ? href : undefined;
}
