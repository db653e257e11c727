/** Bytes of memory that a piece costs besides its own: the message that it came in, and the objects that hold it. */
export const PIECE_COST = 512;

/** A queue from a producer that cannot wait to one reader that may be slow. */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #onTaken: () => void;

  /** `onTaken` is called each time the reader has taken all queued bytes. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /**
   * Bytes of memory that the queue holds. It counts `PIECE_COST` for each piece, since tiny pieces cost more than
   * their bytes.
   */
  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length + PIECE_COST;
    this.#wake();
  }

  /** Drops what the reader has not taken yet, and ends the queue. */
  drop(): void {
    this.#chunks = [];
    this.#size = 0;
    this.end();
  }

  /** Ends the queue: the reader gets what was pushed before, then finishes. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunks = this.#chunks;
      if (chunks.length > 0) {
        this.#chunks = [];
        this.#size = 0;
        this.#onTaken();
        yield* chunks;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
