import { once } from "node:events";
import type { Writable } from "node:stream";

/** The most bytes that may wait for the runner to read them. */
const UNREAD_BYTES = 256 * 1024;
const BATCH_BYTES = 64 * 1024;
/** A batch of fewer bytes is copied: while the runner reads slowly thousands of them may wait, and each would hold a whole buffer. */
const SMALL_BYTES = BATCH_BYTES / 8;
/** The most written buffers that are kept to be used again. */
const SPARE_BUFFERS = 4;

/**
 * Writes to a stream in batches: pieces of the same moment are written together. Node fails with `write EINVAL` for tens
 * of thousands of single writes. After a write error (`EPIPE` when the reader is gone, or a full disk) all output is
 * dropped.
 */
export class BatchedOutput {
  readonly #out: Writable;
  /** The batch that is being filled; none while nothing has been written. */
  #waiting: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #waitingBytes = 0;
  /** Written buffers, to be used again: new buffers for a gigabyte would be a lot of garbage. */
  readonly #written: Buffer<ArrayBuffer>[] = [];
  readonly #broken = new AbortController();

  constructor(out: Writable) {
    this.#out = out;
    // Without a listener the error would end the process. Every write after it fails, too.
    out.on("error", (error) => this.#broken.abort(error));
  }

  /** Aborts with the first write error. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Copies the bytes, so the caller may reuse them. */
  write(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#add(piece);
  }

  flush(): void {
    if (this.#waitingBytes === 0) return;
    const full = this.#waiting;
    const batch = full.subarray(0, this.#waitingBytes);
    this.#waitingBytes = 0;
    if (this.broken.aborted) return;
    if (batch.length < SMALL_BYTES) {
      this.#out.write(Buffer.from(batch));
      return;
    }
    this.#out.write(batch, () => {
      if (this.#written.length < SPARE_BUFFERS) this.#written.push(full);
    });
    this.#waiting = this.#written.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
  }

  /** Resolves when at most `UNREAD_BYTES` of what was written are unread, or after a write error. */
  async drained(): Promise<void> {
    if (this.broken.aborted || this.#out.writableLength <= UNREAD_BYTES) return;
    await once(this.#out, "drain", { signal: this.broken }).catch((error: unknown) => {
      if (!this.broken.aborted) throw error;
    });
  }

  #add(bytes: Uint8Array): void {
    if (this.#waiting.length === 0) this.#waiting = Buffer.allocUnsafeSlow(BATCH_BYTES);
    for (let from = 0; from < bytes.length;) {
      if (this.#waitingBytes === this.#waiting.length) this.flush();
      if (this.#waitingBytes === 0) queueMicrotask(() => this.flush());
      const part = bytes.subarray(from, from + this.#waiting.length - this.#waitingBytes);
      this.#waiting.set(part, this.#waitingBytes);
      this.#waitingBytes += part.length;
      from += part.length;
    }
  }
}
