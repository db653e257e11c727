import type { Clock } from "../../clock.ts";

/** Fargate starts so many tasks of an account at once, and then so many a second (docs: Fargate throttling quotas). */
const BURST = 100;
const A_SECOND = 20;

/**
 * Paces RunTask by the rate at which Fargate starts tasks, so that a run of hundreds is not throttled by its own calls. Other
 * runs of the account share that rate: a throttled call is repeated, whatever this pace.
 */
export class LaunchPace {
  readonly #clock: Pick<Clock, "now" | "sleep">;
  #free = BURST;
  #at: number;

  constructor(clock: Pick<Clock, "now" | "sleep">) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** Resolves when `count` more tasks may be started. Calls wait in the order of their beginnings. An abort throws its reason. */
  async wait(count: number, signal: AbortSignal | undefined): Promise<void> {
    const now = this.#clock.now();
    this.#free = Math.min(BURST, this.#free + ((now - this.#at) * A_SECOND) / 1_000) - count;
    this.#at = now;
    if (this.#free < 0) await this.#clock.sleep(Math.ceil((-this.#free * 1_000) / A_SECOND), signal);
  }
}
