const NOTHING = Buffer.alloc(0);
const SMALLEST = 256;

/** Bytes that come in pieces, in one buffer: of small pieces each one by itself would cost far more than its bytes. */
export class Bytes {
  #buffer: Buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(SMALLEST, 2 * length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** All of them; none is left. */
  take(): Buffer {
    const all = this.#buffer.subarray(0, this.#length);
    this.#buffer = NOTHING;
    this.#length = 0;
    return all;
  }

  /** All of them so far, and no copy: what has come once is never written over. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
