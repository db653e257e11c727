import { type Clock, type Random, systemClock } from "../../src/clock.ts";
import { Changes } from "./until.ts";

const LONGEST_MS = 2 * 3_600_000;

/**
 * The clock of the tests: time passes only when the test says so, by `advance`, `pass` or `runUntil`. The programs of `local/` take no
 * clock, so their tests use jest's timers.
 */
export class SteppedClock implements Clock {
  readonly random: Random = systemClock.random;
  /** How long each sleep was to be, in milliseconds, in the order of their beginnings. */
  readonly slept: number[] = [];
  #now: number;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  readonly #ticks = new Set<{ at: number; readonly ms: number; readonly tick: () => void }>();
  readonly #changes = new Changes();

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

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

  turn(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
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
    const found = (): number | undefined => this.#left().find((ms) => ms >= least && ms <= most);
    await this.#changes.until(
      () => found() !== undefined,
      () => `a sleep of ${least} to ${most} ms; there are sleeps of ${this.#left().join(", ")}`,
    );
    this.advance(found() ?? 0);
  }

  /** Lets time pass from the end of one sleep to that of the next, as soon as nothing else is left to do, until the condition holds. */
  async runUntil(isSo: () => boolean): Promise<void> {
    const end = this.#now + LONGEST_MS;
    for (;;) {
      await new Promise(setImmediate);
      if (isSo()) return;
      const next = Math.min(...this.#left());
      if (next === Infinity) throw new Error(`waited in vain for ${String(isSo)}: nothing sleeps any more`);
      if (this.#now > end) throw new Error(`two hours of the clock went by without ${String(isSo)}`);
      this.advance(Math.max(0, next));
    }
  }

  #left(): number[] {
    return this.#sleepers.map(({ at }) => at - this.#now);
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
