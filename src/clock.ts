import { randomBytes, randomUUID } from "node:crypto";

/** Time as the phases see it, so that tests can step it. No other file of the runner reads or waits for the real time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, at most after 24 days; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `tick` every `ms`, until the returned function is called. Does not keep the process alive. */
  every(ms: number, tick: () => void): () => void;
  /** Resolves when this process has handled what is waiting, such as a signal. */
  turn(): Promise<void>;
  /** The randomness of the same process. It comes with the clock, since most of it spreads waits out. */
  readonly random: Random;
}

/**
 * By so much the clocks of two machines may differ that AWS takes requests from: five minutes (Signature Version 4). So a time that another machine has
 * named may come that much earlier or later by this one's clock.
 */
export const CLOCKS_DIFFER_MS = 300_000;

/** Randomness as the phases see it, so that tests can draw it from a seed. No other file of the runner draws any. */
export interface Random {
  /** From 0 up to, but not including, 1. Not for secrets. */
  readonly fraction: () => number;
  /** Bytes that can't be guessed. */
  readonly bytes: (count: number) => Buffer;
  /** A UUID that can't be guessed. */
  readonly uuid: () => string;
}

/** Node fires a timer with a longer time at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  random: {
    fraction: () => Math.random(),
    bytes: (count) => randomBytes(count),
    uuid: () => randomUUID(),
  },
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason));
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(asError(signal?.reason));
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms).unref();
    return () => clearInterval(timer);
  },
  turn: () => new Promise((resolve) => void setImmediate(resolve)),
};

/**
 * Calls `late` after `ms` of real time, unless the function that it returns was called before. For the limits of a real connection alone: a
 * simulation has none.
 */
export function afterRealTime(ms: number, late: () => void): () => void {
  const timer = setTimeout(late, ms);
  return () => clearTimeout(timer);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** A time of day in UTC, as in the runner's log: "12:00:00 UTC". */
export function timeOfDay(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}
