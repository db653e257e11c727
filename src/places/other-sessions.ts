import type { Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import { type Holder, waitUntilFree, timeOfDay, type QueueOptions } from "./queue.ts";

/** Between two looks, so that of several runs that saw the place free at once one comes first. */
const SHORTEST_PAUSE_MS = 300;
const JITTER_MS = 1_500;
/** The same once others were seen, who may wait as well. */
const CONTENDED_JITTER_MS = 4_000;
/** Runs that may meet in a container for one to come well before the others. */
const MANY = 40;
/**
 * A lone session without a client is waited for so long: its client may be connecting again. Nothing tells whose it is, so
 * only the container can end it: the attacher of a run of ours that is lost stops when its reader has been silent.
 */
const DISCONNECTED_MS = 45_000;
/** Where there is nothing to look at. */
const SPACING_MS = 1_000;

export interface SessionQueueOptions extends QueueOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "activeSessions">;
}

/**
 * Waits until the container has no session, as far as that may be looked at; else only a moment. No lock: two runs
 * that look within the same moment may both go on. A lone session that has lost its client does not keep it: then it
 * goes on `beside` that one. Fails with `container-busy` at the deadline.
 */
export async function waitForOtherSessions(
  options: SessionQueueOptions,
): Promise<{ readonly beside: boolean }> {
  const { clock, log, signal, random = Math.random, sessionTarget, ssm } = options;
  let jitter = JITTER_MS;
  let passed: string | undefined;
  let alone: { readonly id: string; readonly since: number } | undefined;
  const look = async (): Promise<Holder | undefined> => {
    const [first, ...others] = await ssm.activeSessions(sessionTarget);
    if (first === undefined) return undefined;
    const isAlone = first.status === "Disconnected" && others.length === 0;
    if (!isAlone) alone = undefined;
    else if (alone?.id !== first.id) alone = { id: first.id, since: clock.now() };
    else if (clock.now() - alone.since >= DISCONNECTED_MS) {
      if (passed !== first.id) log.info(besideWords(first.id));
      passed = first.id;
      return undefined;
    }
    jitter = CONTENDED_JITTER_MS;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return { who: `session ${first.id}${more}`, since: timeOfDay(first.since) };
  };
  try {
    do {
      await waitUntilFree(look, options);
      await clock.sleep(SHORTEST_PAUSE_MS + late(random()) * jitter, signal);
    } while ((await look()) !== undefined);
    return { beside: passed !== undefined };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || error.code === "container-busy") throw error;
    log.info(`Whether the container has other sessions can't be seen, so they may meet. ${error.failed}`);
    await clock.sleep(random() * SPACING_MS, signal);
    return { beside: false };
  }
}

function besideWords(id: string): string {
  return (
    `Session ${id} has had no client for ${DISCONNECTED_MS / 1000} s: this run goes on beside it. The container ends it ` +
    "if it is of a run of this action."
  );
}

/**
 * A share of the pause that is nearer to 1 the more often, so that few come early: of up to `MANY` the one that comes
 * first is hardly followed by another within the moment that its session takes to be seen. Evenly spread they would be
 * as many as they are dense. (The distribution of the Sift protocol for wireless networks: Jamieson et al., 2003.)
 */
function late(random: number): number {
  return Math.log(1 + random * (MANY - 1)) / Math.log(MANY);
}
