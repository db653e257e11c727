import { ITEM_BYTES } from "../step-budget.ts";

/** `drained` waits while more bytes than this are queued, unless the queue is made with another bound. */
export const ENOUGH = 4 * 1024 * 1024;
/** The fetches of this many items at the head of the queue are begun ahead. */
const AHEAD = 3;
/** The queue is copied without the items that were taken when there are at least so many of them, and they are half of the queue. */
const MOST_TAKEN = 1024;

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
  /** How many items at the beginning of `#waiting` were taken. */
  #taken = 0;
  #bytes = 0;
  #hasEnded = false;
  #isClosed = false;
  readonly #onLost: (error: unknown) => void;
  readonly #enough: number;
  #onChange: () => void = () => undefined;
  #changed = this.#nextChange();

  /** `onLost` is called with the reason when bytes can't be fetched. `enough` bytes may wait before `drained` does. */
  constructor(onLost: (error: unknown) => void, enough = ENOUGH) {
    this.#onLost = onLost;
    this.#enough = enough;
  }

  push(bytes: Buffer | LaterBytes): void {
    if (this.#isClosed) return;
    this.#waiting.push(bytes);
    this.#bytes += sizeOf(bytes);
    this.#beginAhead();
    this.#change();
  }

  end(): void {
    this.#hasEnded = true;
    this.#change();
  }

  /** Drops what waits and what is still to come: no more of it is wanted, so nothing more is fetched. */
  close(): void {
    this.#isClosed = true;
    for (const each of this.#waiting.slice(this.#taken)) if (!Buffer.isBuffer(each)) each.release();
    this.#waiting = [];
    this.#taken = 0;
    this.#bytes = 0;
    this.#change();
  }

  /** Resolves when few bytes wait. */
  async drained(): Promise<void> {
    while (this.#bytes > this.#enough) await this.#changed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const bytes = this.#waiting[this.#taken];
      if (bytes !== undefined) {
        const given = Buffer.isBuffer(bytes) ? bytes : await this.#fetch(bytes);
        if (given === undefined || this.#isClosed) return;
        this.#take(bytes);
        try {
          yield given;
        } finally {
          if (!Buffer.isBuffer(bytes)) bytes.release();
        }
      } else if (this.#hasEnded || this.#isClosed) return;
      else await this.#changed;
    }
  }

  #take(bytes: Buffer | LaterBytes): void {
    this.#taken += 1;
    if (this.#taken >= MOST_TAKEN && 2 * this.#taken >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    this.#bytes -= sizeOf(bytes);
    this.#beginAhead();
    this.#change();
  }

  async #fetch(later: LaterBytes): Promise<Buffer | undefined> {
    try {
      return await later.bytes();
    } catch (error) {
      if (!this.#isClosed) this.#onLost(error);
      this.close();
      return undefined;
    }
  }

  #beginAhead(): void {
    for (const each of this.#waiting.slice(this.#taken, this.#taken + AHEAD))
      if (!Buffer.isBuffer(each)) each.begin();
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
  return ITEM_BYTES + (Buffer.isBuffer(bytes) ? bytes.length : 0);
}
