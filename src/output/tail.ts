/** Keeps the last `limit` bytes of what is written to it, in no more than about twice that memory. */
export class Tail {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length > 2 * this.#limit) this.#trim();
  }

  /** As UTF-8; where the beginning was cut, from the first whole character on. */
  toString(): string {
    this.#trim();
    const bytes = this.#parts[0] ?? Buffer.alloc(0);
    let from = 0;
    while (from < 4 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
    return bytes.toString("utf8", from);
  }

  #trim(): void {
    // A copy, so that the parts are not kept alive by what is left of them.
    const bytes = Buffer.from(Buffer.concat(this.#parts).subarray(-this.#limit));
    this.#parts = [bytes];
    this.#length = bytes.length;
  }
}
