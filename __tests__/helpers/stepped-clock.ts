import type { Clock } from "../../src/clock.ts";
import { Changes } from "./until.ts";

/** Time that passes only when the test says so. */
export class SteppedClock implements Clock {
  /** How long each sleep was to be, in milliseconds, in the order of their beginnings. */
  readonly slept: number[] = [];
  #now = 1_700_000_000_000;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  readonly #ticks = new Set<{ at: number; readonly ms: number; readonly tick: () => void }>();
  readonly #changes = new Changes();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    this.slept.push(ms);
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.push(sleeper);
      this.#changes.notify();
    });
  }

  every(ms: number, tick: () => void): () => void {
    const ticking = { at: this.#now + ms, ms, tick };
    this.#ticks.add(ticking);
    return () => this.#ticks.delete(ticking);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const ticking of this.#ticks) {
      if (ticking.at > this.#now) continue;
      ticking.at = this.#now + ticking.ms;
      ticking.tick();
    }
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }

  /** Waits until a sleep has from `least` to `most` milliseconds left, and lets them pass. */
  async pass(least: number, most = least): Promise<void> {
    const left = (): number[] => this.#sleepers.map(({ at }) => at - this.#now);
    const found = (): number | undefined => left().find((ms) => ms >= least && ms <= most);
    await this.#changes.until(
      () => found() !== undefined,
      () => `a sleep of ${least} to ${most} ms; there are sleeps of ${left().join(", ")}`,
    );
    this.advance(found() ?? 0);
  }
}

/** Time that passes by itself, and at once, whenever there is a sleep. */
export class SleeplessClock extends SteppedClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const slept = super.sleep(ms, signal);
    if (!signal?.aborted) this.advance(ms);
    return slept;
  }
}
