import { type Clock, CLOCKS_DIFFER_MS } from "../../clock.ts";
import { asFailure } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { ItemOrderLine } from "../../payload/input.ts";
import { LEASES } from "../../queue/leases.ts";
import { type ControlWords, type FolderAccess, NO_WORDS } from "./orders.ts";
import { newReader, othersThan } from "./readers.ts";
import type { PieceStore } from "./store.ts";

/** After this many bytes the reader tells the container what it has read, so that the container can free the bytes. */
const CONFIRMED_BYTES = 16 * 1024 * 1024;
/** The pause after which what can't wait is written again that S3 has not taken. */
const AGAIN_MS = 1_000;
/** The most tries of a write when another reader has written first. */
const MOST_SWAPS = 5;

export interface ControlWriterOptions {
  readonly store: Pick<PieceStore, "writeControl" | "readControl" | "replaceControl" | "access"> &
    Partial<Pick<PieceStore, "reader">>;
  /** The access that the order gave to the container. When another step gave the order, the access that the first `control` gives. */
  readonly access: FolderAccess;
  /** Whether the job is followed by its handle, so that other steps may write to `control`, too. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells the container what the reader of its pieces has to say, by the object `control`. Readers that follow the job by its handle
 * share `control`: each repeats what the others have said. No method rejects.
 */
export class ControlWriter {
  readonly #options: ControlWriterOptions;
  readonly #reader: string;
  #words: ControlWords;
  /** The byte up to which all of the spool is here for certain, and the one that the last `control` named. */
  #confirmed = 0;
  #told = 0;
  #renewAt: number;
  #failing: ControlWriter["failing"];
  #hasOthers = false;
  #isWriting = false;
  #over: AbortSignal | undefined;
  #isSoonAgain = false;
  #writing: Promise<void> = Promise.resolve();
  /** A write that has not begun, and so will say all that holds by then. */
  #next: Promise<void> | undefined;

  constructor(options: ControlWriterOptions) {
    this.#options = options;
    this.#reader = options.store.reader ?? newReader(options.clock.random);
    this.#words = { ...NO_WORDS, access: options.isShared ? options.access : undefined };
    this.#renewAt = this.#renewalOf(options.access);
  }

  /** Since when `control` can't be written, and S3's answer to the last write; undefined when that write has succeeded. */
  get failing(): { readonly since: number; readonly why: string } | undefined {
    return this.#failing;
  }

  /** Whether another reader followed the job when this one last wrote. */
  get hasOthers(): boolean {
    return this.#hasOthers;
  }

  /** Tells the container again and again that its job has a reader, until `over` aborts. */
  async keepWriting(over: AbortSignal): Promise<void> {
    this.#isWriting = true;
    this.#over = over;
    try {
      for (;;) {
        await this.#write();
        await this.#options.clock.sleep(LEASES.follower.renewedEvery, over);
      }
    } catch {
      // The reader has ended.
    }
  }

  /** Tells what is here for certain, at once when it is much more than the container knows. */
  confirm(byte: number): void {
    this.#confirmed = byte;
    if (this.#isWriting && byte - this.#told >= CONFIRMED_BYTES) void this.#write();
  }

  /** Tells the orders for items, at once when one of them is new. */
  orderItems(orders: readonly ItemOrderLine[]): void {
    const last = (all: readonly ItemOrderLine[]): number => all.at(-1)?.number ?? 0;
    const isNew = last(orders) > last(this.#words.itemOrders);
    this.#words = { ...this.#words, itemOrders: orders };
    if (this.#isWriting && isNew) void this.#write();
  }

  /** Tells the container something that holds from now on. */
  async say(word: "isCancelled" | "isTaken" | "isAttached" | "isDetached"): Promise<void> {
    this.#words = { ...this.#words, [word]: true };
    // The next reader may come late, so the access is renewed now.
    if (word === "isDetached") this.#renewAt = 0;
    await this.#write();
  }

  /** When the container's access ends, in milliseconds since the epoch. */
  get accessUntil(): number {
    return (this.#words.access ?? this.#options.access).until;
  }

  /** Writes one `control` after the other, so that the last one says everything. */
  async #write(): Promise<void> {
    this.#next ??= this.#writing.then(async () => {
      this.#next = undefined;
      await this.#put();
    });
    this.#writing = this.#next;
    await this.#writing;
  }

  async #put(): Promise<void> {
    const { store, isShared, clock, log } = this.#options;
    try {
      if (clock.now() >= this.#renewAt && !this.#words.isTaken) {
        const access = await store.access();
        this.#renewAt = this.#renewalOf(access);
        this.#words = { ...this.#words, access };
      }
      const confirmed = this.#confirmed;
      this.#told = confirmed;
      if (isShared) await this.#putShared(confirmed);
      else await store.writeControl(confirmed, this.#words);
      this.#failing = undefined;
    } catch (error) {
      const why = asFailure(error).seen;
      this.#failing = { since: this.#failing?.since ?? clock.now(), why };
      log.debug(`The container could not be told by S3 what was read: ${why}`);
      this.#writeSoonAgain();
    }
  }

  /** Writes once more after a pause, when workers wait for items, or the job is to stop. */
  #writeSoonAgain(): void {
    const { itemOrders, isCancelled } = this.#words;
    const isUrgent = itemOrders.length > 0 || isCancelled;
    if (!this.#isWriting || this.#isSoonAgain || !isUrgent) return;
    this.#isSoonAgain = true;
    this.#options.clock.sleep(AGAIN_MS, this.#over).then(
      () => {
        this.#isSoonAgain = false;
        void this.#write();
      },
      () => undefined, // the reader has ended
    );
  }

  async #putShared(confirmed: number): Promise<void> {
    const { store, clock } = this.#options;
    for (let tries = 0; tries < MOST_SWAPS; tries += 1) {
      const found = await store.readControl();
      const now = Math.floor(clock.now() / 1000);
      const others = othersThan(this.#reader, found.words.readers, clock.now());
      // A step that goes on by a session is a reader no longer. If it stayed on record, the next reader would leave the pieces to it.
      const isLeaving = this.#words.isTaken || this.#words.isDetached || this.#words.isAttached;
      const { access, isCancelled, isTaken, isAttached, isDetached, itemOrders } = this.#words;
      const words: ControlWords = {
        access,
        isCancelled: isCancelled || found.words.isCancelled,
        isTaken: isTaken || found.words.isTaken,
        // This word ends the uploads, which the other readers still need.
        isAttached: isAttached && others.length === 0,
        itemOrders,
        isDetached: isDetached || found.words.isDetached,
        readers: new Map([...others, ...(isLeaving ? [] : [[this.#reader, now] as const])]),
      };
      this.#hasOthers = others.length > 0;
      if (await store.replaceControl(found, confirmed, words)) return;
    }
    throw new Error("other readers wrote at the same time");
  }

  /**
   * When an access is due to be renewed: after half of its life. In its last minutes each write renews it, and finds new keys as soon as there are any:
   * the old ones end by AWS's clock.
   */
  #renewalOf({ until }: FolderAccess): number {
    const now = this.#options.clock.now();
    return Math.min(now + (until - now) / 2, Math.max(now, until - CLOCKS_DIFFER_MS));
  }
}
