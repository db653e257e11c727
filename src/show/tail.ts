/** Keeps the last `limit` bytes of what is written to it, in no more than about twice that memory. */
export class Tail {
  readonly #limit: number;
  /** A copy of its own: of small pieces each one would cost far more than its bytes. */
  #kept: Buffer = Buffer.alloc(0);
  #length = 0;
  /** All bytes that were ever pushed, now and at the last `keep`. */
  #pushed = 0;
  #certain = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    const last = bytes.subarray(-this.#limit);
    if (this.#length + last.length > this.#kept.length) this.#makeRoom(last.length);
    this.#length += last.copy(this.#kept, this.#length);
    this.#pushed += bytes.length;
  }

  /** What was written so far stays. */
  keep(): void {
    this.#certain = this.#pushed;
  }

  /** Takes back what was written since the last `keep`. What had to make room for it is lost. */
  back(): void {
    this.#length = Math.max(0, this.#length - (this.#pushed - this.#certain));
    this.#pushed = this.#certain;
  }

  /** As UTF-8; where the beginning was cut, from the first whole character on. */
  toString(): string {
    let from = Math.max(0, this.#length - this.#limit);
    for (const end = from + 4; from < end && ((this.#kept[from] ?? 0) & 0xc0) === 0x80;) from += 1;
    return this.#kept.toString("utf8", from, this.#length);
  }

  #makeRoom(wanted: number): void {
    const from = Math.max(0, this.#length - this.#limit);
    const size = Math.min(2 * this.#limit, 2 * (this.#length - from + wanted));
    const room = size > this.#kept.length ? Buffer.alloc(size) : this.#kept;
    // Within itself too: a copy of its own for each MiB would leave a lot to clean up.
    this.#length = this.#kept.copy(room, 0, from, this.#length);
    this.#kept = room;
  }
}
