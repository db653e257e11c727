import type { Random } from "../../helpers/seeds.ts";

/** What a link does to frames. `delay` and `jitter` are milliseconds, the others are probabilities. */
export interface LinkFaults {
  readonly drop: number;
  readonly double: number;
  readonly delay: number;
  /** A frame takes up to this much longer, so that later frames may overtake it. */
  readonly jitter: number;
  /** A frame arrives with another byte in its payload. */
  readonly corrupt: number;
}

/** One direction of a network, by the stepped clock. */
export class Link {
  readonly #faults: LinkFaults;
  readonly #random: Random;
  /** Sorted by the time of arrival; the next frame is the last item. */
  readonly #flying: { readonly at: number; readonly frame: Uint8Array }[] = [];

  constructor(faults: LinkFaults, random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  send(frame: Uint8Array, now: number): void {
    const { drop, double } = this.#faults;
    if (this.#random() < drop) return;
    this.#fly(frame, now);
    if (this.#random() < double) this.#fly(frame, now);
  }

  /** When the next frame arrives. */
  get next(): number | undefined {
    return this.#flying.at(-1)?.at;
  }

  /** The next frame that has arrived. */
  take(now: number): Uint8Array | undefined {
    const next = this.#flying.at(-1);
    return next && next.at <= now ? this.#flying.pop()?.frame : undefined;
  }

  /** Cuts the connection: the frames on their way are lost. */
  cut(): void {
    this.#flying.length = 0;
  }

  #fly(frame: Uint8Array, now: number): void {
    const { delay, jitter, corrupt } = this.#faults;
    const at = now + delay + Math.floor(this.#random() * jitter);
    let index = this.#flying.length;
    while (index > 0 && (this.#flying[index - 1]?.at ?? 0) <= at) index--;
    this.#flying.splice(index, 0, { at, frame: this.#random() < corrupt ? this.#corrupted(frame) : frame });
  }

  #corrupted(frame: Uint8Array): Uint8Array {
    const copy = new Uint8Array(frame);
    const at = 120 + Math.floor(this.#random() * (frame.length - 120));
    copy[at] = (copy[at] ?? 0) ^ (1 + Math.floor(this.#random() * 255));
    return copy;
  }
}
