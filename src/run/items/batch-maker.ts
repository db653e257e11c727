import { LARGEST_BATCH, LARGEST_ITEM } from "../../inputs/item-list.ts";
import { Batch } from "./batch.ts";
import type { Item } from "./item.ts";
import type { PaceLine } from "./pace.ts";
import type { WaitingLine } from "./waiting-line.ts";

/** How long a batch of the size `auto` should last, with its start. */
const BATCH_SECONDS = 30;
/**
 * Towards the end batches get smaller, down to so much work, or to as much as the start takes: nobody waits long for that. With little work in all
 * that is at most one part of so many of a worker's share.
 */
const LEAST_SECONDS = 2;
const LEAST_OF_A_SHARE = 4;
/** An item takes some time, whatever a container says. */
const LEAST_PACE = 0.001;
/** As long as nobody knows how long items take, a worker gets so many batches of what there is. */
const BATCHES_A_WORKER = 8;
/** A batch is at most the so-manieth part of what waits for each worker, so that the last ones end at about the same time. */
const BATCHES_OF_THE_REST = 2;

/** What decides how large the next batch is. */
export interface MakerNews {
  /** The items that wait, and their weight. */
  readonly waiting: WaitingLine;
  readonly weight: number;
  /** How many workers there are, in all tasks. */
  readonly workers: number;
  /** What batches take; undefined when nothing is known. */
  readonly pace: PaceLine | undefined;
}

/** Forms batches of what waits. A batch of any size fits an order and a variable of its script, and all its items run for the n-th time. */
export class BatchMaker {
  readonly #size: number | "auto";
  /** The weight of all items, and that of one of them. */
  readonly #all: number;
  readonly #one: number;
  #number = 0;

  constructor(size: number | "auto", items: readonly Item[]) {
    this.#size = size;
    this.#all = items.reduce((sum, { weight }) => sum + weight, 0);
    this.#one = this.#all / Math.max(1, items.length);
  }

  /** Takes the next batch out of what waits; undefined when nothing does. */
  next(news: MakerNews): Batch | undefined {
    const { waiting } = news;
    const most = this.#mostWeight(news);
    const first = waiting.take();
    if (first === undefined) return undefined;
    const items = [first];
    let { bytes, weight } = first;
    for (let item = waiting.head; item !== undefined && items.length < this.#mostItems; item = waiting.head) {
      if (item.spent !== first.spent || bytes + 1 + item.bytes > LARGEST_ITEM) break;
      // The half makes it about as large as it should be, and not always smaller.
      if (weight + item.weight / 2 > most) break;
      waiting.take();
      items.push(item);
      bytes += 1 + item.bytes;
      weight += item.weight;
    }
    this.#number += 1;
    // The container prints them in the order of the list, and takes no others.
    return new Batch(
      this.#number,
      items.toSorted((one, other) => one.index - other.index),
    );
  }

  /** The weight of the next batch, or of an ordinary one when nothing waits. */
  likelyWeight(news: MakerNews): number {
    const { head, size } = news.waiting;
    const one = head?.weight ?? this.#one;
    if (this.#size !== "auto") return one * (size === 0 ? this.#size : Math.min(size, this.#size));
    return Math.max(one, Math.min(this.#mostWeight(news), one * LARGEST_BATCH));
  }

  get #mostItems(): number {
    return this.#size === "auto" ? LARGEST_BATCH : this.#size;
  }

  #mostWeight({ weight, workers, pace }: MakerNews): number {
    if (this.#size !== "auto") return Infinity;
    const share = weight / (BATCHES_OF_THE_REST * Math.max(1, workers));
    const all = this.#all / Math.max(1, workers);
    if (pace === undefined) return Math.min(share, all / BATCHES_A_WORKER);
    const each = Math.max(pace.each, LEAST_PACE);
    const most = Math.max(BATCH_SECONDS - pace.start, pace.start) / each;
    const least = Math.max(LEAST_SECONDS, pace.start) / each;
    return Math.max(Math.min(least, all / LEAST_OF_A_SHARE), Math.min(share, most));
  }
}
