/** `drained` waits while more bytes than this are queued. */
const ENOUGH = 4 * 1024 * 1024;
/** The fetches of this many items at the head of the queue are begun ahead. */
const AHEAD = 3;

/** Bytes that have to be fetched. */
export interface LaterBytes {
  /** Begins to fetch them, if that has not begun. */
  begin(): void;
  /** The bytes. Rejects when they can't be fetched. */
  bytes(): Promise<Buffer>;
  /** They are not wanted any more, whether they were fetched or not. */
  release(): void;
}

/** A queue of bytes between a writer and a reader. It ends before bytes that can't be fetched, and then takes no more. */
export class ByteFlow implements AsyncIterable<Buffer> {
  #waiting: (Buffer | LaterBytes)[] = [];
  #bytes = 0;
  #hasEnded = false;
  #hasFailed = false;
  readonly #onLost: (error: unknown) => void;
  #onChange: () => void = () => undefined;
  #changed = this.#nextChange();

  /** `onLost` is called with the reason when bytes can't be fetched. */
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
        const given = Buffer.isBuffer(bytes) ? bytes : await this.#fetch(bytes);
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

  async #fetch(later: LaterBytes): Promise<Buffer | undefined> {
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

/** Bytes that have to be fetched count as none: only those that are fetched ahead take memory. */
function sizeOf(bytes: Buffer | LaterBytes): number {
  return Buffer.isBuffer(bytes) ? bytes.length : 0;
}
