/** Keeps the last `limit` bytes that are pushed, in about twice that memory at most. */
export class Tail {
  readonly #limit: number;
  /** One buffer of copies, because small pieces would each cost far more than their bytes. */
  #kept: Buffer = Buffer.alloc(0);
  #length = 0;
  /** The number of bytes pushed and not rolled back. */
  #pushed = 0;
  /** The value of `#pushed` at the last `keep`. */
  #certain = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    const last = bytes.subarray(-this.#limit);
    if (this.#length + last.length > this.#kept.length) this.#makeSpace(last.length);
    this.#length += last.copy(this.#kept, this.#length);
    this.#pushed += bytes.length;
  }

  /** Whether the first of the bytes that were pushed and not rolled back are lost. */
  get isCut(): boolean {
    return Math.min(this.#length, this.#limit) < this.#pushed;
  }

  /** Marks all bytes so far as certain. */
  keep(): void {
    this.#certain = this.#pushed;
  }

  /** Removes the bytes since the last `keep`. Older bytes that they have pushed out stay lost. */
  rollBack(): void {
    this.#length = Math.max(0, this.#length - (this.#pushed - this.#certain));
    this.#pushed = this.#certain;
  }

  /** The text in UTF-8, from the first whole character on. */
  toString(): string {
    let from = Math.max(0, this.#length - this.#limit);
    for (const end = from + 4; from < end && ((this.#kept[from] ?? 0) & 0xc0) === 0x80;) from += 1;
    return this.#kept.toString("utf8", from, this.#length);
  }

  #makeSpace(wanted: number): void {
    const from = Math.max(0, this.#length - this.#limit);
    const size = Math.min(2 * this.#limit, 2 * (this.#length - from + wanted));
    const target = size > this.#kept.length ? Buffer.alloc(size) : this.#kept;
    // A buffer of the full size is used again: a new one each time would be a lot of garbage.
    this.#length = this.#kept.copy(target, 0, from, this.#length);
    this.#kept = target;
  }
}
