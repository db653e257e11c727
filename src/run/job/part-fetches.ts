import type { JobSlots } from "../../carriers/pieces/part-slots.ts";
import type { WithoutSlot } from "../../carriers/pieces/parts.ts";
import type { LaterBytes } from "./byte-flow.ts";

/** Reads a part. It needs no slot while it waits for the next try, by `withoutSlot`. */
export type ReadPart = (number: number, withoutSlot?: WithoutSlot) => Promise<Buffer>;

/**
 * The parts of the archive of one job. A part has a slot from the beginning of its read until it is held no more, but not while its
 * read waits for another try. After the first read in vain this job's parts are read one after the other: what was read ahead would wait for
 * the missing one, and keep the slots from other jobs.
 */
export class PartFetches {
  readonly slots: JobSlots;
  readonly read: ReadPart;
  readonly #begun = new Set<PartFetch>();

  constructor(slots: JobSlots, read: ReadPart) {
    this.slots = slots;
    this.read = read;
  }

  get readsAhead(): boolean {
    return this.slots.vain === 0;
  }

  part(number: number): LaterBytes {
    return new PartFetch(number, this);
  }

  noteBegun(fetch: PartFetch): void {
    this.#begun.add(fetch);
  }

  noteOver(fetch: PartFetch): void {
    this.#begun.delete(fetch);
  }

  noteVain(): void {
    this.slots.vain += 1;
    for (const each of this.#begun) if (!each.isWanted) each.release();
  }
}

class PartFetch implements LaterBytes {
  readonly #number: number;
  readonly #all: PartFetches;
  #reading: { readonly bytes: Promise<Buffer>; readonly slot: SlotOfRead } | undefined;
  /** True once the part is the next one of the archive. */
  isWanted = false;

  constructor(number: number, all: PartFetches) {
    this.#number = number;
    this.#all = all;
  }

  begin(): void {
    // The flow hears of a failure when it takes the bytes.
    if (this.#all.readsAhead) this.#start().catch(() => undefined);
  }

  async bytes(): Promise<Buffer> {
    this.isWanted = true;
    return await this.#start();
  }

  release(): void {
    this.#all.noteOver(this);
    this.#reading?.slot.end();
    // What was begun too early is begun again once it is wanted.
    this.#reading = undefined;
  }

  #start(): Promise<Buffer> {
    if (this.#reading !== undefined) return this.#reading.bytes;
    this.#all.noteBegun(this);
    const slot = new SlotOfRead(this.#all);
    const bytes = slot.use(async () => await this.#all.read(this.#number, slot.without));
    this.#reading = { bytes, slot };
    return bytes;
  }
}

/** The slot of one read: held while the read is under way, and while its bytes are, until `end`. */
class SlotOfRead {
  readonly #all: PartFetches;
  #isHeld = false;
  #isUnderWay = true;
  #hasEnded = false;

  constructor(all: PartFetches) {
    this.#all = all;
  }

  /** Takes a slot and reads. A read that failed holds none. */
  async use(read: () => Promise<Buffer>): Promise<Buffer> {
    try {
      await this.#take();
      const bytes = await read();
      this.#isUnderWay = false;
      if (this.#hasEnded) this.#free();
      return bytes;
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  /** Waits without a slot, and takes one again. Rejects when the part is not wanted any more. */
  without = async (wait: () => Promise<void>): Promise<void> => {
    this.#free();
    this.#all.noteVain();
    await wait();
    await this.#take();
  };

  /** The part is not wanted any more, or was taken. A read that is under way keeps its slot to its end, since its bytes still come. */
  end(): void {
    this.#hasEnded = true;
    if (!this.#isUnderWay) this.#free();
  }

  async #take(): Promise<void> {
    if (!this.#hasEnded) {
      await this.#all.slots.take();
      this.#isHeld = true;
    }
    if (this.#hasEnded) throw new Error("it is not wanted any more");
  }

  #free(): void {
    if (this.#isHeld) this.#all.slots.release();
    this.#isHeld = false;
  }
}
