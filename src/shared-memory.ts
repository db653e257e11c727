/** What a part of one job keeps in the memory that all jobs of a step share. */
export interface MemoryShare {
  /** Says how many bytes are kept now. */
  hold(bytes: number): void;
  /** Nothing is kept any more. */
  close(): void;
}

/**
 * Bounds the bytes that the jobs of a step keep together. When they keep more, the share that holds most is given up, whichever has grown: a job
 * that keeps little loses nothing because of one that keeps much.
 */
export class SharedMemory {
  readonly #most: number;
  #held = 0;
  #isGivingUp = false;
  readonly #shares = new Set<Share>();

  constructor(most: number) {
    this.#most = most;
  }

  /** `giveUp` has to drop all that the share keeps. It may be called more than once. */
  share(giveUp: () => void): MemoryShare {
    const share = new Share(giveUp, (change) => {
      this.#held += change;
      this.#shares[share.bytes === 0 ? "delete" : "add"](share);
      this.#giveUp();
    });
    return share;
  }

  /** A share that is given up changes, too: it is no reason to give up another one meanwhile. */
  #giveUp(): void {
    if (this.#isGivingUp) return;
    this.#isGivingUp = true;
    try {
      for (let left = this.#shares.size; this.#held > this.#most && left > 0; left -= 1)
        this.#giveUpLargest();
    } finally {
      this.#isGivingUp = false;
    }
  }

  #giveUpLargest(): void {
    const [first, ...others] = this.#shares;
    if (first === undefined) return;
    const largest = others.reduce((most, each) => (each.bytes > most.bytes ? each : most), first);
    largest.hold(0);
    largest.giveUp();
  }
}

class Share implements MemoryShare {
  bytes = 0;
  readonly giveUp: () => void;
  readonly #onChange: (change: number) => void;

  constructor(giveUp: () => void, onChange: (change: number) => void) {
    this.giveUp = giveUp;
    this.#onChange = onChange;
  }

  hold(bytes: number): void {
    const change = bytes - this.bytes;
    this.bytes = bytes;
    if (change !== 0) this.#onChange(change);
  }

  close(): void {
    this.hold(0);
  }
}
