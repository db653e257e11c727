import type { Network } from "../../aws/ecs.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";

/** The pause before another subnet is tried, and the first and the longest pause once all have been tried. */
const NEXT_SUBNET_MS = 1_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 30_000;

export interface CapacityWaitOptions {
  readonly clock: Pick<Clock, "now" | "sleep" | "random">;
  readonly log: Pick<Log, "info">;
  readonly signal: AbortSignal | undefined;
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Waits while Fargate has no capacity. A shortage is that of one availability zone, so the subnets are tried one by one,
 * and then all together again, with longer pauses.
 */
export class CapacityWait {
  readonly #options: CapacityWaitOptions;
  #tries = 0;

  constructor(options: CapacityWaitOptions) {
    this.#options = options;
  }

  /** The network for the next try, after a pause, which `over` ends, too. Undefined when the time is over. `seen`: what ECS has said. */
  async next({ subnets, ...rest }: Network, seen: string, over?: AbortSignal): Promise<Network | undefined> {
    const { clock, log, signal, until } = this.#options;
    this.#tries += 1;
    const round = subnets.length > 1 ? subnets.length + 1 : 1;
    const at = this.#tries % round;
    const one = at === 0 ? undefined : subnets[at - 1];
    const rounds = Math.floor(this.#tries / round);
    const pause =
      one === undefined ? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (rounds - 1)) : NEXT_SUBNET_MS;
    // Jobs that meet the same shortage spread out.
    const ms = pause * (1 + clock.random.fraction() / 2);
    if (clock.now() + ms > until) return undefined;
    const where = one === undefined ? "" : ` in ${one}`;
    log.info(
      `The task could not be started now; trying again in ${Math.round(ms / 1000)} s${where}. ${seen}`,
    );
    await clock.sleep(ms, over ?? signal);
    return { ...rest, subnets: one === undefined ? subnets : [one] };
  }
}
