/**
 * The steps of a run in a queue. Each turns the queue as it was found into the queue to write. They are pure, because a step
 * is taken anew when another run has changed the queue meanwhile.
 */
import { RENEWED_IN_LINE_MS } from "./leases.ts";
import type { Change, FoundQueue } from "./queue-object.ts";
import {
  type Claim,
  claimOf,
  EMPTY,
  holders,
  mayHold,
  mayReplace,
  numberInLine,
  type Queue,
  split,
  withClaim,
  withoutRun,
} from "./queue-state.ts";

/** What a run's claim says about the run. */
export interface OwnClaim {
  readonly run: string;
  /** Former claims of the run, which are over. */
  readonly earlier: readonly string[];
  /** Whether the run's job has begun in the container. It goes before those in line, whose jobs have not. */
  readonly hasBegun: boolean;
  readonly names: Pick<Claim, "url" | "job" | "matrix">;
  readonly manner: Pick<Claim, "shares" | "locks" | "sessions">;
}

/** The run's part in the line as it was last seen. */
export interface Line {
  /** From 1 for the next one. */
  readonly number: number;
  /** The first holder of a seat; else the first run in line. */
  readonly holder: Claim | undefined;
}

/** Lost runs, and for how many milliseconds each had not renewed its claim. */
export type LostRuns = readonly { readonly claim: Claim; readonly silentFor: number }[];

export type LineState =
  { readonly kind: "holds"; readonly lost: LostRuns } | { readonly kind: "waits"; readonly line: Line };

/** Takes a seat when the run is first in line and a seat is free, else waits in line. `beforeTaking` is called just before the seat is taken. */
export function takeStep(
  found: FoundQueue | undefined,
  { run, earlier, hasBegun, names, manner }: OwnClaim,
  { mayJoin, beforeTaking }: { readonly mayJoin: boolean; readonly beforeTaking: () => void },
): Change<LineState> {
  const now = found?.now ?? 0;
  const queue = withoutRuns(found?.queue ?? EMPTY, earlier);
  const own = claimOf(queue, run);
  // An earlier write has taken the seat, and its answer was lost.
  if (own?.holds === true) return { result: { kind: "holds", lost: [] } };
  const times = { since: undefined, renewed: undefined };
  const mine: Claim = { ...(own ?? { ...names, ...times, run, holds: false }), ...manner };
  const place = hasBegun ? holders(queue).length : queue.claims.length;
  const full = withClaim(queue, { ...mine, renewed: undefined }, place);
  const { live, lapsed } = split(full, now);
  if (mayHold(live, mine)) {
    beforeTaking();
    const lost = lapsed
      .filter(({ holds }) => holds)
      .map((other) => ({ claim: other, silentFor: now - (other.renewed ?? now) }));
    return { queue: withClaim(live, { ...mine, ...times, holds: true }), result: { kind: "holds", lost } };
  }
  const line = { number: numberInLine(live, run), holder: holders(live)[0] ?? live.claims[0] };
  const joins = own === undefined && mayJoin;
  const renews = own?.renewed !== undefined && now - own.renewed >= RENEWED_IN_LINE_MS;
  // Lapsed claims stay until the next run in line takes their seat and ends their sessions.
  return { ...((joins || renews) && { queue: full }), result: { kind: "waits", line } };
}

function withoutRuns(queue: Queue, runs: readonly string[]): Queue {
  return runs.reduce((rest, run) => withoutRun(rest, run, claimOf(rest, run)?.session), queue);
}

/** Announces a second session of a holder, when it may open one. `isOld`: its last session has ended. */
export function replaceStep(
  found: FoundQueue | undefined,
  { run }: Pick<OwnClaim, "run">,
  isOld: boolean,
): Change<"may" | "not yet" | "lost"> {
  const own = found && claimOf(found.queue, run);
  if (found === undefined || own?.holds !== true) return { result: "lost" };
  const { live } = split(withClaim(found.queue, { ...own, renewed: undefined }), found.now);
  const isAlone = holders(live).length === 1;
  if (!(isAlone || isOld) || !mayReplace(live, run)) return { result: "not yet" };
  return { queue: withClaim(found.queue, { ...own, sessions: 2, renewed: undefined }), result: "may" };
}

/**
 * Renews the claim of a holder. False when the run has no seat afterwards: it was lost to another run, or the run shares no longer and came
 * after another holder. Then it is in line again.
 */
export function renewStep(
  found: FoundQueue | undefined,
  { run, manner }: Pick<OwnClaim, "run" | "manner">,
  session: string | undefined,
): Change<boolean> {
  const own = found && claimOf(found.queue, run);
  if (found === undefined || own?.holds !== true) return { result: false };
  const renewed = { ...own, ...manner, session, renewed: undefined };
  const { live } = split(withClaim(found.queue, renewed), found.now);
  const holds = manner.shares || holders(live)[0]?.run === run;
  return { queue: withClaim(found.queue, { ...renewed, holds }), result: holds };
}
