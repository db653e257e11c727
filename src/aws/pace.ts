import type { Clock } from "../clock.ts";
import type { Ecs } from "./ecs.ts";

/** A token bucket of AWS: `burst` calls at once, and then `aSecond` calls a second. */
export interface Rate {
  readonly burst: number;
  readonly aSecond: number;
}

// Both rates are those of an account and region, a little below what AWS documents: a first call that takes longer than others brings
// the calls closer together where they arrive.

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

  /** Resolves when `count` more may come. Waits end in the order of their beginnings. An abort throws its reason. */
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

/** The calls that share a rate which a run with many tasks reaches. */
type ChangeCalls = Pick<Ecs, "executeCommand" | "runTask" | "stopTask">;

/** Paces these calls, those of all callers of the returned function together. */
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
