import type { Clock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";

/** A clock whose time passes only when code sleeps, and then at once. */
export class SteppedClock implements Clock {
  #now = 1_000_000;
  readonly slept: number[] = [];

  now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    this.slept.push(ms);
    this.pass(ms);
    return Promise.resolve();
  }
}

/** Keeps the lines that a user would read. */
export class Listener implements Log {
  readonly lines: string[] = [];

  info(line: string): void {
    this.lines.push(line);
  }
  debug(): void {
    // The user does not see debug lines.
  }
  warning(line: string): void {
    this.lines.push(`warning: ${line}`);
  }
}
