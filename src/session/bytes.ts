const NOTHING = Buffer.alloc(0);
const SMALLEST = 256;

/** Joins pieces of bytes in one buffer. Small pieces would each cost far more memory than their bytes. */
export class Bytes {
  #buffer: Buffer = NOTHING;
  #length = 0;
  readonly #most: number;

  /** `most`: more bytes are not expected, so that the buffer has no space for more. */
  constructor(most = Infinity) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes of memory that the buffer takes. */
  get size(): number {
    return this.#buffer.length;
  }

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(SMALLEST, length, Math.min(2 * length, this.#most)));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** Returns all bytes, and empties the buffer. */
  take(): Buffer {
    const all = this.#buffer.subarray(0, this.#length);
    this.#buffer = NOTHING;
    this.#length = 0;
    return all;
  }

  /** Returns all bytes so far, without a copy. They are never overwritten. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
