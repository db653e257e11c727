import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { type Clock, type Random, systemClock } from "../../src/clock.ts";

/** How many turns of the event loop pass before the time goes on: what is left to do then waits for time, or for the file system. */
const TURNS = 3;
/** How long the file system may take, in milliseconds. */
const LONGEST_IO_MS = 20_000;

/** A clock that goes on to the next sleep's end when nothing else is left to do. */
export class LeapingClock implements Clock {
  readonly random: Random = systemClock.random;
  #now = 1_700_000_000_000;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  readonly #ticks = new Set<{ at: number; readonly ms: number; readonly tick: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  every(ms: number, tick: () => void): () => void {
    const ticking = { at: this.#now + ms, ms, tick };
    this.#ticks.add(ticking);
    return () => this.#ticks.delete(ticking);
  }

  turn(): Promise<void> {
    return turn();
  }

  /** Lets time pass until the promise is settled. Fails when nothing sleeps any more, or when the time is over. */
  async run<T>(promise: Promise<T>, mostMs: number): Promise<T> {
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    promise.then(settle, settle);
    const end = this.#now + mostMs;
    for (let waited = 0; ;) {
      for (let turns = 0; turns < TURNS && !settled.signal.aborted; turns += 1) await turn();
      if (settled.signal.aborted) return await promise;
      if (this.#now > end) throw new Error(`${mostMs} ms of the clock went by in vain`);
      if (this.#leap()) continue;
      if ((waited += 1) > LONGEST_IO_MS) throw new Error("nothing sleeps any more");
      await pause(1);
    }
  }

  /** Goes to the end of the next sleep. False when there is none. */
  #leap(): boolean {
    let next = Infinity;
    for (const { at } of this.#sleepers) next = Math.min(next, at);
    if (next === Infinity) return false;
    this.#now = Math.max(this.#now, next);
    for (const ticking of this.#ticks) {
      if (ticking.at > this.#now) continue;
      ticking.at = this.#now + ticking.ms;
      ticking.tick();
    }
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    return true;
  }
}
