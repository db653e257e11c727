/** What the job has printed. A part that the reader has confirmed may be gone. */
export class Spool {
  #bytes = Buffer.alloc(0);
  #length = 0;
  #begin = 0;
  onGrowth: () => void = () => undefined;

  /** The number of the byte behind the last one. */
  get end(): number {
    return this.#length;
  }

  /** The first byte that is kept. */
  get begin(): number {
    return this.#begin;
  }

  add(data: Buffer): void {
    if (data.length === 0) return;
    const room = this.#bytes.length - this.#length;
    if (room < data.length) {
      const larger = Buffer.alloc(2 * (this.#length + data.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    data.copy(this.#bytes, this.#length);
    this.#length += data.length;
    this.onGrowth();
  }

  read(at: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(at, Math.min(at + length, this.#length)));
  }

  /** The reader has all up to this byte. Whole pieces of the spool are freed then. */
  confirm(byte: number, piece: number): void {
    const whole = Math.floor(Math.min(byte, this.#length) / piece) * piece;
    this.#begin = Math.max(this.#begin, whole);
  }
}
