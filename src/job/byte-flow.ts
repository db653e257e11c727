/** Bytes that may wait before `drained` does. */
const ENOUGH = 4 * 1024 * 1024;

/** A queue of bytes between one that pushes and one that pulls. */
export class ByteFlow implements AsyncIterable<Buffer> {
  readonly #waiting: Buffer[] = [];
  #bytes = 0;
  #hasEnded = false;
  #onChange: () => void = () => undefined;
  #changed = this.#nextChange();

  push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#change();
  }

  end(): void {
    this.#hasEnded = true;
    this.#change();
  }

  /** Resolves when few bytes wait. */
  async drained(): Promise<void> {
    while (this.#bytes > ENOUGH) await this.#changed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) {
        this.#bytes -= bytes.length;
        this.#change();
        yield bytes;
      } else if (this.#hasEnded) return;
      else await this.#changed;
    }
  }

  #change(): void {
    this.#onChange();
    this.#changed = this.#nextChange();
  }

  async #nextChange(): Promise<void> {
    await new Promise<void>((resolve) => (this.#onChange = resolve));
  }
}
