import { once } from "node:events";
import type { Writable } from "node:stream";

/** Shown ahead of the runner. */
const UNREAD_BYTES = 256 * 1024;
const BATCH_BYTES = 64 * 1024;

/**
 * Standard output, in batches: what comes at once goes out at once, for Node can't write tens of thousands of lines that
 * are each a write of their own (`write EINVAL`). What can't be written, since the reader is gone (`EPIPE`) or the disk is
 * full, is dropped.
 */
export class BatchedOutput {
  readonly #out: Writable;
  /** Bytes that wait to be shown together. */
  #waiting = Buffer.alloc(BATCH_BYTES);
  #waitingBytes = 0;
  /** Buffers of that size that may be used again: new ones for a gigabyte would leave a lot to clean up. */
  readonly #written: Buffer<ArrayBuffer>[] = [];
  readonly #broken = new AbortController();

  constructor(out: Writable) {
    this.#out = out;
    // Without a listener the error would end the process. Every write after it fails, too.
    out.on("error", (error) => this.#broken.abort(error));
  }

  /** Aborted, with the error, once nothing can be written any more. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** The bytes may be used again afterwards. */
  write(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#add(piece);
  }

  flush(): void {
    if (this.#waitingBytes === 0) return;
    const full = this.#waiting;
    if (!this.broken.aborted) {
      this.#out.write(full.subarray(0, this.#waitingBytes), () => this.#written.push(full));
      this.#waiting = this.#written.pop() ?? Buffer.alloc(BATCH_BYTES);
    }
    this.#waitingBytes = 0;
  }

  /** Resolves when the reader has read what was written, but for some, or reads nothing any more. */
  async drained(): Promise<void> {
    if (this.broken.aborted || this.#out.writableLength <= UNREAD_BYTES) return;
    await once(this.#out, "drain", { signal: this.broken }).catch((error: unknown) => {
      if (!this.broken.aborted) throw error;
    });
  }

  #add(bytes: Uint8Array): void {
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
