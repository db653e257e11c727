/** What a link does to frames: shares of 0 to 1, delays in milliseconds. */
export interface LinkFaults {
  readonly drop: number;
  readonly double: number;
  readonly delay: number;
  /** A frame takes up to this much longer, and so is overtaken. */
  readonly jitter: number;
}

/** One direction of a network, by the stepped clock. */
export class Link<T> {
  readonly #faults: LinkFaults;
  readonly #random: () => number;
  #flying: { readonly at: number; readonly frame: T }[] = [];

  constructor(faults: LinkFaults, random: () => number) {
    this.#faults = faults;
    this.#random = random;
  }

  send(frames: readonly T[], now: number): void {
    const { drop, double, delay, jitter } = this.#faults;
    for (const frame of frames) {
      if (this.#random() < drop) continue;
      const copies = this.#random() < double ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        this.#flying.push({ at: now + delay + Math.floor(this.#random() * jitter), frame });
      }
    }
  }

  /** What has arrived, in order of arrival. */
  take(now: number): T[] {
    const arrived = this.#flying.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.#flying = this.#flying.filter(({ at }) => at > now);
    return arrived.map(({ frame }) => frame);
  }

  /** The connection is cut: what is on its way is lost. */
  cut(): void {
    this.#flying = [];
  }
}

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
