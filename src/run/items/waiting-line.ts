import type { Batch } from "./batch.ts";

/** The batches that nobody has. The one with the lowest place comes first, so one that has come back precedes those that were never taken. */
export class WaitingLine {
  readonly #all: readonly Batch[];
  /** Where those begin that were never taken. */
  #next = 0;
  /** A heap of those that have come back. */
  readonly #back: Batch[] = [];

  constructor(all: readonly Batch[]) {
    this.#all = all;
  }

  get size(): number {
    return this.#all.length - this.#next + this.#back.length;
  }

  take(): Batch | undefined {
    if (this.#back.length > 0) return this.#takeBack();
    const batch = this.#all[this.#next];
    if (batch !== undefined) this.#next += 1;
    return batch;
  }

  /** Puts back a batch that was taken. */
  add(batch: Batch): void {
    const heap = this.#back;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.place < batch.place) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = batch;
  }

  #takeBack(): Batch | undefined {
    const heap = this.#back;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if ((heap[child + 1]?.place ?? Infinity) < (heap[child]?.place ?? Infinity)) child += 1;
      const below = heap[child];
      if (below === undefined || below.place > last.place) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
