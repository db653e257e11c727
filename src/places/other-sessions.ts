import type { Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import { type Holder, waitUntilFree, type QueueOptions } from "./queue.ts";

/** The pause before a second look. It is random, so that one of several runs that saw the place free comes first. */
const SHORTEST_PAUSE_MS = 300;
const JITTER_MS = 1_500;
/** The jitter once other sessions were seen, whose runs may wait as well. */
const CONTENDED_JITTER_MS = 4_000;
/** The most runs that may meet in a container for one to come well before the others. */
const MANY = 40;
/**
 * How long a lone session without a client is waited for: its client may be connecting again. AWS does not tell whose
 * session it is, so this run must not end it. After 40 s without a reader the container takes its job for a lost one
 * (others.sh), and this run's attacher ends the other attacher there.
 */
const DISCONNECTED_MS = 45_000;
/** The longest pause where sessions may not be listed. */
const SPACING_MS = 1_000;

export interface SessionQueueOptions extends QueueOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "activeSessions">;
}

/**
 * Waits until the container has no session; without the right to list sessions, only a moment. This is no lock: two
 * runs that look in the same moment may both go on. Goes on `beside` a lone session that has lost its client. Fails
 * with `container-busy` at the deadline.
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
    return { who: `session ${first.id}${more}`, since: first.since };
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
    log.info(
      `The container's other sessions can't be listed, so two runs may open sessions at once. ${error.failed}`,
    );
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
 * The share of the pause for a uniform random number. Most shares are near 1, so that few runs come early. Of up to
 * `MANY` runs the first one is then rarely followed by another before its session can be seen. This is the
 * distribution of the Sift protocol for wireless networks (Jamieson et al., 2003).
 */
function late(random: number): number {
  return Math.log(1 + random * (MANY - 1)) / Math.log(MANY);
}
