import type { ActiveSession, Ssm } from "../aws/ssm.ts";
import { Failure } from "../errors.ts";
import type { MatrixJob } from "../inputs/inputs.ts";
import type { SessionLook } from "./early-look.ts";
import { LoneSession } from "./lone-session.ts";
import { type Holder, waitUntilFree, type QueueOptions } from "./queue.ts";
import { turnsOf } from "./turns.ts";

/** The longest pause where sessions may not be listed. */
const SPACING_MS = 1_000;

export interface SessionQueueOptions extends QueueOptions {
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  readonly ssm: Pick<Ssm, "activeSessions">;
  /** Which job of its matrix this run is, where that is known. */
  readonly matrix: MatrixJob | undefined;
  /** A look that is under way. */
  readonly early?: SessionLook | undefined;
}

/**
 * Waits until the container has no session and it is this run's turn; without the right to list sessions, only a
 * moment. This is no lock: two runs that look in the same moment may both go on. Goes on `beside` a lone session that
 * has lost its client. Fails with `container-busy` at the deadline.
 */
export async function waitForOtherSessions(
  options: SessionQueueOptions,
): Promise<{ readonly beside: boolean }> {
  const { clock, log, signal, random = Math.random, matrix } = options;
  const turns = turnsOf(matrix, random);
  const list = lister(options);
  let asked = clock.now();
  let beside = false;
  const lone = new LoneSession(clock, log);
  const look = async (): Promise<Holder | undefined> => {
    const { sessions, ...seen } = await list();
    asked = seen.asked;
    const [first, ...others] = sessions;
    if (first === undefined) return undefined;
    if (lone.isLost(sessions)) {
      beside = true;
      return undefined;
    }
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return { who: `session ${first.id}${more}`, since: first.since };
  };
  try {
    for (let contended = false, confirmed = false; ;) {
      const waited = await waitUntilFree(look, { ...options, poll: () => turns.poll(clock.now()) });
      contended ||= waited;
      confirmed &&= !waited;
      if (turns.mayGo({ asked, answered: clock.now() }, { contended, confirmed })) break;
      const { ms, careful } = turns.pause(clock.now(), contended);
      confirmed = careful;
      await clock.sleep(ms, signal);
    }
    return { beside };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || error.code === "container-busy") throw error;
    log.info(
      `The container's other sessions can't be listed, so two runs may open sessions at once. ${error.failed}`,
    );
    if (matrix?.total !== 1) await clock.sleep(random() * SPACING_MS, signal);
    return { beside: false };
  }
}

/** Lists the container's sessions: first by the look that is under way, then by new ones. */
function lister({ sessionTarget, ssm, early, clock }: SessionQueueOptions) {
  let first = early;
  return async (): Promise<{ readonly asked: number; readonly sessions: readonly ActiveSession[] }> => {
    const look = first;
    first = undefined;
    const seen = await look?.sessions;
    if (look !== undefined && seen !== undefined) return { asked: look.asked, sessions: seen };
    const asked = clock.now();
    return { asked, sessions: await ssm.activeSessions(sessionTarget) };
  };
}
