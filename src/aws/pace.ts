import type { Clock } from "../clock.ts";
import type { Ecs } from "./ecs.ts";

/** A token bucket of AWS: `burst` calls at once, and then `aSecond` calls a second. */
export interface Rate {
  readonly burst: number;
  readonly aSecond: number;
}

// Both rates are for an account and region. They are a little below AWS's documented ones, because calls may arrive closer together than
// they were sent when the first of them is slow.

/** ExecuteCommand, RunTask and StopTask together: 100, then 40 a second (docs: Request throttling for the Amazon ECS API). */
const CHANGES: Rate = { burst: 100, aSecond: 38 };
/** Tasks that Fargate starts: 100, then 20 a second (docs: AWS Fargate throttling quotas). */
export const LAUNCHES: Rate = { burst: 100, aSecond: 19 };

/**
 * Paces calls by a rate, so that a run of hundreds of tasks is not throttled by its own calls. Other runs of the account share that rate:
 * a throttled call is repeated, whatever this pace.
 */
export class Pace {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "now" | "sleep">;
  #free: number;
  #at: number;

  constructor(rate: Rate, clock: Pick<Clock, "now" | "sleep">) {
    this.#rate = rate;
    this.#clock = clock;
    this.#free = rate.burst;
    this.#at = clock.now();
  }

  /** Resolves when `count` more calls may be made. Waits end in the order in which they began. An abort throws its reason. */
  async wait(count: number, signal?: AbortSignal): Promise<void> {
    const { burst, aSecond } = this.#rate;
    const now = this.#clock.now();
    this.#free = Math.min(burst, this.#free + ((now - this.#at) * aSecond) / 1_000) - count;
    this.#at = now;
    if (this.#free >= 0) return;
    try {
      await this.#clock.sleep(Math.ceil((-this.#free * 1_000) / aSecond), signal);
    } catch (error) {
      this.#free += count;
      throw error;
    }
  }
}

/** The calls that share one rate. A run with many tasks reaches it. */
type ChangeCalls = Pick<Ecs, "executeCommand" | "runTask" | "stopTask">;

/** Returns a function that paces these calls. All calls that it has paced share one rate. */
export function paceChanges(
  clock: Pick<Clock, "now" | "sleep">,
): (ecs: ChangeCalls, signal?: AbortSignal) => ChangeCalls {
  const pace = new Pace(CHANGES, clock);
  return (ecs, signal) => {
    const paced =
      <A extends readonly unknown[], R>(call: (...asked: A) => Promise<R>) =>
      async (...asked: A): Promise<R> => {
        await pace.wait(1, signal);
        return await call(...asked);
      };
    return {
      executeCommand: paced(ecs.executeCommand),
      runTask: paced(ecs.runTask),
      stopTask: paced(ecs.stopTask),
    };
  };
}
