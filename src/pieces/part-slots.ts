/** How many parts of archives all jobs of a step hold at the same time. Each part has 8 MiB at most. */
const MOST_HELD = 6;

/** Bounds the parts of archives that the jobs of a step hold. */
export class PartSlots {
  readonly #most: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most = MOST_HELD) {
    this.#most = most;
  }

  /** Resolves when one more part may be held. First come, first served: a job asks for its earlier parts first, so none gets stuck. */
  async take(): Promise<void> {
    if (this.#held < this.#most) this.#held += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** To be called once for each `take`, when the part is held no more. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held -= 1;
    else next();
  }
}
