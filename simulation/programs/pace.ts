import type { Host, Time } from "../time.ts";

const STEP_MS = 100;

/** How fast a program reads. */
export class Pace {
  readonly #time: Time;
  readonly #host: Host;
  /** Bytes a step; undefined for any. */
  readonly #most: number | undefined;
  #left: number;
  #isRefilling = false;

  constructor(time: Time, host: Host, perSecond: number | undefined) {
    this.#time = time;
    this.#host = host;
    this.#most = perSecond === undefined ? undefined : Math.ceil((perSecond * STEP_MS) / 1_000);
    this.#left = this.#most ?? 0;
  }

  /** How many bytes may be read now. `onMore` is called when there are more than none again. */
  allowed(onMore: () => void): number {
    if (this.#most === undefined) return 65_536;
    if (this.#left === 0 && !this.#isRefilling) {
      this.#isRefilling = true;
      this.#time.after(this.#host, STEP_MS, () => {
        this.#isRefilling = false;
        this.#left = this.#most ?? 0;
        onMore();
      });
    }
    return this.#left;
  }

  took(count: number): void {
    if (this.#most !== undefined) this.#left -= count;
  }
}
