/** Bytes that may wait before `drained` does. */
const ENOUGH = 4 * 1024 * 1024;
/** How many bytes that are elsewhere are fetched ahead. */
const AHEAD = 3;

/** Bytes that are elsewhere. */
export interface LaterBytes {
  /** Begins to fetch them, when that has not begun. */
  begin(): void;
  /** The bytes. Rejects when they can't be had. */
  bytes(): Promise<Buffer>;
  /** They are not wanted any more, whether they were fetched or not. */
  release(): void;
}

/** A queue of bytes between one that pushes and one that pulls. It ends before bytes that can't be had, and takes no more. */
export class ByteFlow implements AsyncIterable<Buffer> {
  #waiting: (Buffer | LaterBytes)[] = [];
  #bytes = 0;
  #hasEnded = false;
  #hasFailed = false;
  readonly #onLost: (error: unknown) => void;
  #onChange: () => void = () => undefined;
  #changed = this.#nextChange();

  /** `onLost` hears why bytes can't be had. */
  constructor(onLost: (error: unknown) => void) {
    this.#onLost = onLost;
  }

  push(bytes: Buffer | LaterBytes): void {
    if (this.#hasFailed) return;
    this.#waiting.push(bytes);
    this.#bytes += sizeOf(bytes);
    this.#beginAhead();
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
      const bytes = this.#waiting[0];
      if (bytes !== undefined) {
        const given = Buffer.isBuffer(bytes) ? bytes : await this.#fetched(bytes);
        if (given === undefined) return;
        this.#waiting.shift();
        this.#bytes -= sizeOf(bytes);
        this.#beginAhead();
        this.#change();
        yield given;
        if (!Buffer.isBuffer(bytes)) bytes.release();
      } else if (this.#hasEnded) return;
      else await this.#changed;
    }
  }

  async #fetched(later: LaterBytes): Promise<Buffer | undefined> {
    try {
      return await later.bytes();
    } catch (error) {
      this.#hasFailed = true;
      for (const each of this.#waiting) if (!Buffer.isBuffer(each)) each.release();
      this.#waiting = [];
      this.#bytes = 0;
      this.#change();
      this.#onLost(error);
      return undefined;
    }
  }

  #beginAhead(): void {
    for (const each of this.#waiting.slice(0, AHEAD)) if (!Buffer.isBuffer(each)) each.begin();
  }

  #change(): void {
    this.#onChange();
    this.#changed = this.#nextChange();
  }

  async #nextChange(): Promise<void> {
    await new Promise<void>((resolve) => (this.#onChange = resolve));
  }
}

/** Bytes that are elsewhere need no memory, but for those that are fetched ahead. */
function sizeOf(bytes: Buffer | LaterBytes): number {
  return Buffer.isBuffer(bytes) ? bytes.length : 0;
}
