import type { Item } from "./item.ts";

/** The items that nobody has. The one with the lowest place comes first, so one that has come back precedes those that were never taken. */
export class WaitingLine {
  readonly #all: readonly Item[];
  /** Where those begin that were never taken. */
  #next = 0;
  /** A heap of those that have come back. */
  readonly #back: Item[] = [];

  constructor(all: readonly Item[]) {
    this.#all = all;
  }

  get size(): number {
    return this.#all.length - this.#next + this.#back.length;
  }

  /** The one that comes next. */
  get head(): Item | undefined {
    return this.#back[0] ?? this.#all[this.#next];
  }

  take(): Item | undefined {
    if (this.#back.length > 0) return this.#takeBack();
    const item = this.#all[this.#next];
    if (item !== undefined) this.#next += 1;
    return item;
  }

  /** Puts back an item that was taken. */
  add(item: Item): void {
    const heap = this.#back;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.place < item.place) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  #takeBack(): Item | undefined {
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
