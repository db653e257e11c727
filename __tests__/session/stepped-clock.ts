import type { Clock } from "../../src/clock.ts";

/** Time that passes only when the test says so. */
export class SteppedClock implements Clock {
  #now = 1_700_000_000_000;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #changed: () => void = () => undefined;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(new Error("aborted"));
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.push(sleeper);
      this.#changed();
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }

  /** Waits until somebody has to sleep for so long, from `least` to `most`, and lets that time pass. */
  async pass(least: number, most = least): Promise<void> {
    for (;;) {
      const left = this.#sleepers.map(({ at }) => at - this.#now);
      const found = left.find((ms) => ms >= least && ms <= most);
      if (found !== undefined) {
        this.advance(found);
        return;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}
