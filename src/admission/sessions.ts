import type { Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import { type Holder, takeTurn, timeOfDay, type TurnOptions } from "./turn.ts";

/** Between two looks, so that of several runs that saw the place free at once one comes first. */
const SHORTEST_PAUSE_MS = 300;
const JITTER_MS = 1_500;
/** The same once others were seen, who may wait as well. */
const CONTENDED_JITTER_MS = 4_000;
/** Runs that may meet in a container for one to come well before the others. */
const MANY = 40;
/** Where there is nothing to look at. */
const SPACING_MS = 1_000;

export interface SessionOptions extends TurnOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "activeSessions">;
}

/**
 * Waits until the container has no session, as far as that may be looked at; else only a moment. No lock: two runs
 * that look within the same moment may both go on. Fails with `container-busy` at the deadline.
 */
export async function waitForSessions(options: SessionOptions): Promise<void> {
  const { clock, log, signal, random = Math.random, sessionTarget, ssm } = options;
  let jitter = JITTER_MS;
  const look = async (): Promise<Holder | undefined> => {
    const [first, ...others] = await ssm.activeSessions(sessionTarget);
    if (first === undefined) return undefined;
    jitter = CONTENDED_JITTER_MS;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return { who: `session ${first.id}${more}`, since: timeOfDay(first.since) };
  };
  try {
    do {
      await takeTurn(look, options);
      await clock.sleep(SHORTEST_PAUSE_MS + late(random()) * jitter, signal);
    } while ((await look()) !== undefined);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || error.code === "container-busy") throw error;
    log.info(`Whether the container has other sessions can't be seen, so they may meet. ${error.failed}`);
    await clock.sleep(random() * SPACING_MS, signal);
  }
}

/**
 * A share of the pause that is nearer to 1 the more often, so that few come early: of up to `MANY` the one that comes
 * first is hardly followed by another within the moment that its session takes to be seen. Evenly spread they would be
 * as many as they are dense. (The distribution of the Sift protocol for wireless networks: Jamieson et al., 2003.)
 */
function late(random: number): number {
  return Math.log(1 + random * (MANY - 1)) / Math.log(MANY);
}
