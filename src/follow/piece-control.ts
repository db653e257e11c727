import type { Clock } from "../clock.ts";
import { asFailure } from "../errors.ts";
import type { Log } from "../log.ts";
import { HERE_EVERY_MS } from "../payload/input.ts";
import type { ControlWords, FolderAccess } from "../pieces/orders.ts";
import type { PieceStore } from "../pieces/store.ts";
import type { Extractor } from "../stream/extract.ts";

/** The container is told after this many bytes what was read, so that it can free them. */
const CONFIRMED_BYTES = 16 * 1024 * 1024;

export interface PieceControlOptions {
  readonly store: Pick<PieceStore, "writeControl" | "access">;
  /** What the order has given to the container. */
  readonly access: FolderAccess;
  readonly extractor: Pick<Extractor, "confirmed">;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the reader of pieces tells the container, by the object `control`. No method rejects. */
export class PieceControl {
  readonly #options: PieceControlOptions;
  #words: ControlWords = { access: undefined, isCancelled: false, isTaken: false, isAttached: false };
  #number = 0;
  /** The byte of the spool that the last `control` named. */
  #told = 0;
  #renewAt: number;
  #failingSince: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: PieceControlOptions) {
    this.#options = options;
    this.#renewAt = this.#halfLife(options.access);
  }

  /** For how many milliseconds `control` could not be written. */
  get failingFor(): number {
    return this.#failingSince === undefined ? 0 : this.#options.clock.now() - this.#failingSince;
  }

  /** Tells the container every twenty seconds that its job has a reader, until `over` aborts. */
  async keepWriting(over: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#write();
        await this.#options.clock.sleep(HERE_EVERY_MS, over);
      }
    } catch {
      // The pieces are read no more.
    }
  }

  /** Called when more of the spool is confirmed. */
  confirmed(): void {
    if (this.#options.extractor.confirmed - this.#told >= CONFIRMED_BYTES) void this.#write();
  }

  /** Tells the container something that holds from now on. */
  async say(word: "isCancelled" | "isTaken" | "isAttached"): Promise<void> {
    this.#words = { ...this.#words, [word]: true };
    await this.#write();
  }

  /** Writes one `control` after the other, so that the last one says everything. */
  async #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#put());
    await this.#writing;
  }

  async #put(): Promise<void> {
    const { store, extractor, clock, log } = this.#options;
    try {
      if (clock.now() >= this.#renewAt && !this.#words.isTaken) {
        const access = await store.access();
        this.#renewAt = this.#halfLife(access);
        this.#words = { ...this.#words, access };
      }
      const { confirmed } = extractor;
      this.#told = confirmed;
      await store.writeControl((this.#number += 1), confirmed, this.#words);
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= clock.now();
      log.debug(`The container could not be told by S3 what was read: ${asFailure(error).seen}`);
    }
  }

  #halfLife({ until }: FolderAccess): number {
    const now = this.#options.clock.now();
    return now + (until - now) / 2;
  }
}
