import type { Direction } from "./link.ts";
import type { Cut } from "./link-faults.ts";
import { draw, type Random } from "./random.ts";

/** Counts the frames and bytes of a session's connections, and breaks a connection when its cut is due. */
export class CutCounter {
  readonly #cut: Cut;
  readonly #random: Random;
  #cutsToCome: number;
  #frames = Infinity;
  #bytes = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #strike: (() => void) | undefined;

  constructor(cut: Cut, random: Random) {
    this.#cut = cut;
    this.#random = random;
    this.#cutsToCome = cut.times ?? 1;
  }

  /** Begins to count for a connection, which `strike` breaks. */
  connected(strike: (how: "reset" | "silent") => void): void {
    this.disconnected();
    const { afterFrames, afterBytes, afterMs, how = "reset" } = this.#cut;
    if (this.#cutsToCome < 1) return;
    this.#strike = () => strike(how);
    this.#frames = afterFrames === undefined ? Infinity : draw(afterFrames, this.#random);
    this.#bytes = afterBytes === undefined ? Infinity : draw(afterBytes, this.#random);
    if (afterMs !== undefined)
      this.#timer = setTimeout(() => this.#cutNow(), draw(afterMs, this.#random)).unref();
    this.#cutIfDue();
  }

  /** Counts a frame that was passed on. */
  passed(direction: Direction, bytes: number): void {
    if (this.#cut.direction !== undefined && this.#cut.direction !== direction) return;
    this.#frames -= 1;
    this.#bytes -= bytes;
    this.#cutIfDue();
  }

  /** Ends the count, since the connection has ended. No cut is due until the next connection. */
  disconnected(): void {
    clearTimeout(this.#timer);
    this.#strike = undefined;
  }

  #cutIfDue(): void {
    if (this.#frames <= 0 || this.#bytes <= 0) this.#cutNow();
  }

  #cutNow(): void {
    const strike = this.#strike;
    if (strike === undefined) return;
    this.disconnected();
    this.#cutsToCome -= 1;
    strike();
  }
}
