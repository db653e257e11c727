import type { Direction } from "./link.ts";
import type { Cut } from "./link-faults.ts";
import { draw, type Random } from "./random.ts";

/** Counts what the connections of one session pass on, and decides when a connection breaks. */
export class CutCounter {
  readonly #cut: Cut;
  readonly #random: Random;
  #left: number;
  #frames = Infinity;
  #bytes = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #strike: (() => void) | undefined;

  constructor(cut: Cut, random: Random) {
    this.#cut = cut;
    this.#random = random;
    this.#left = cut.times ?? 1;
  }

  /** A connection begins; `strike` breaks it. */
  connected(strike: (how: "reset" | "silent") => void): void {
    this.disconnected();
    const { afterFrames, afterBytes, afterMs, how = "reset" } = this.#cut;
    if (this.#left < 1) return;
    this.#strike = () => strike(how);
    this.#frames = afterFrames === undefined ? Infinity : draw(afterFrames, this.#random);
    this.#bytes = afterBytes === undefined ? Infinity : draw(afterBytes, this.#random);
    if (afterMs !== undefined)
      this.#timer = setTimeout(() => this.#cutNow(), draw(afterMs, this.#random)).unref();
    this.#look();
  }

  passed(direction: Direction, bytes: number): void {
    if (this.#cut.direction !== undefined && this.#cut.direction !== direction) return;
    this.#frames -= 1;
    this.#bytes -= bytes;
    this.#look();
  }

  disconnected(): void {
    clearTimeout(this.#timer);
    this.#strike = undefined;
  }

  #look(): void {
    if (this.#frames <= 0 || this.#bytes <= 0) this.#cutNow();
  }

  #cutNow(): void {
    const strike = this.#strike;
    if (strike === undefined) return;
    this.disconnected();
    this.#left -= 1;
    strike();
  }
}
