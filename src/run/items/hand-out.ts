import type { Batch } from "./batch.ts";
import { BatchMaker, type MakerNews } from "./batch-maker.ts";
import type { Holder } from "./holder.ts";
import type { Item, ItemState } from "./item.ts";
import { Pace } from "./pace.ts";
import { Standings } from "./standings.ts";
import { WaitingLine } from "./waiting-line.ts";

/** A batch takes at least so long, whatever a container says. */
const LEAST_SECONDS = 0.01;
/** A worker may lack work for this part of a batch's time. */
const WORTH_A_STOCK = 0.01;
/** A batch of which nobody knows what it takes may be much shorter than the others, so there are so many times more in stock. */
const FACTOR_OF_GUESS = 2;
/** An answer that takes longer than so many times the latency is not waited for. */
const OVERDUE = 4;

export interface HandOutOptions {
  /** In the order of handing out. */
  readonly items: readonly Item[];
  /** How many items a batch has at most. */
  readonly batch: number | "auto";
  /** The weight of an item, when weights are seconds; undefined when they are numbers of items. */
  readonly meanSeconds: number | undefined;
  readonly tasks: number;
  /** How often an item may begin, when its exit code asks for it; 1: once. */
  readonly runs: number;
}

const NONE = { waiting: 0, stock: 0, hand: 0, lost: 0, over: 0 };

/** Who gets which batch, and when: keeps each holder supplied with a small stock, and moves batches from those with a stock to those without work. */
export class HandOut {
  /** How many items are in each state, and how many of those that are over have failed. */
  readonly counts: Record<ItemState | "failed", number> = { ...NONE, failed: 0 };
  /** The weight of the items in each state. */
  readonly weights: Record<ItemState, number> = { ...NONE };
  /** How many workers the holders have. */
  workers = 0;
  isClosed = false;
  readonly #options: HandOutOptions;
  readonly #waiting: WaitingLine;
  readonly #maker: BatchMaker;
  readonly #pace: Pace;
  readonly #holders = new Set<Holder>();
  /** Those that were not told `end`. */
  readonly #open = new Set<Holder>();
  readonly #standings = new Standings();
  /** Holders with new orders that were not told yet. */
  readonly #news = new Set<Holder>();
  /** How many workers a holder has had at most. */
  #mostWorkers = 1;
  /** How many batches of holders another one may get. */
  #movable = 0;
  /** Nothing waits, and nothing can be moved. */
  #isDry = false;
  #now = 0;

  constructor(options: HandOutOptions) {
    const { items, batch, meanSeconds } = options;
    this.#options = options;
    this.#waiting = new WaitingLine(items);
    this.#maker = new BatchMaker(batch, items);
    this.#pace = new Pace(meanSeconds);
    this.counts.waiting = items.length;
    this.weights.waiting = items.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** How long what waits, what holders have and half of what runs is likely to take all workers; undefined when it is not known. */
  get secondsLeft(): number | undefined {
    const { mean } = this.#pace;
    const { waiting, stock, hand } = this.weights;
    return mean === undefined || this.workers === 0
      ? undefined
      : (Math.max(0, waiting + stock + hand / 2) * mean) / this.workers;
  }

  add(holder: Holder): void {
    this.#holders.add(holder);
    this.#open.add(holder);
    this.workers += holder.info.workers;
    this.#mostWorkers = Math.max(this.#mostWorkers, holder.info.workers);
  }

  /** Removes a holder that has no batches any more. */
  remove(holder: Holder): void {
    this.#holders.delete(holder);
    this.#open.delete(holder);
    this.#news.delete(holder);
    this.#standings.remove(holder);
    this.workers -= holder.info.workers;
  }

  /** A worker of the holder has taken the batch out of its stock. */
  take(holder: Holder, batch: Batch): void {
    if (!holder.take(batch)) return;
    if (!holder.keepsAll) this.#movable -= 1;
    for (const item of batch.items) this.#put(item, "hand");
  }

  /** The holder has the batch no longer. */
  drop(holder: Holder, batch: Batch): void {
    if (holder.drop(batch) && !holder.keepsAll) this.#movable -= 1;
    if (batch.repeats) holder.repeating -= 1;
  }

  /** No holder has the item any longer. When nothing is handed out any more, an item that waits keeps the end of its last run. */
  put(item: Item, state: "waiting" | "lost" | "over"): void {
    this.#put(item, state);
    if (state !== "waiting") return;
    if (this.isClosed) this.#shelve(item);
    else this.#waiting.add(item);
  }

  /** The batch begins. */
  noteBegin(batch: Batch, now: number): void {
    this.#pace.begin(batch, now);
  }

  /** A batch that had begun has ended. It took so many seconds; undefined: nobody knows how long it would have taken. */
  noteEnd(batch: Batch, seconds: number | undefined): void {
    this.#pace.end(batch, batch.begun?.at ?? this.#now, seconds);
  }

  /** The holder has confirmed the order. */
  confirm(holder: Holder, number: number): void {
    for (const batch of holder.endBack(number)) this.take(holder, batch);
  }

  /** Gives the holder what it lacks, unless workers of others have nothing. */
  supply(holder: Holder, now: number): void {
    this.#now = now;
    this.#file(holder);
    if (!holder.keepsAll && this.#standings.idleWorkers > holder.idle) return;
    this.#give(holder, this.#lackOf(holder), now);
    this.#file(holder);
  }

  /** Brings batches to idle workers, and ends what can end. Then tells those that have new orders. `changed`: the holder that a fact came from. */
  settle(changed: Holder | undefined, now: number): void {
    this.#now = now;
    this.#feed(now);
    this.#moveSpare(now);
    const wasDry = this.#isDry;
    this.#isDry = this.isClosed || (this.#waiting.size === 0 && this.#movable === 0);
    if (this.#isDry && !wasDry) for (const holder of this.#open) this.#endIdle(holder);
    else if (this.#isDry && changed !== undefined) this.#endIdle(changed);
    const told = [...this.#news];
    this.#news.clear();
    for (const holder of told) holder.info.onOrders?.();
  }

  /** Moves batches that wait for longer than was likely. */
  look(now: number): void {
    this.#now = now;
    for (const holder of this.#open) {
      const { backSince, latency } = holder;
      if (backSince !== undefined && now - backSince > OVERDUE * latency) holder.expected = 0;
      this.#file(holder);
    }
    if (this.#waiting.size > 0) return;
    for (const holder of this.#open) {
      if (this.#standings.idleWorkers <= this.#standings.expected) return;
      if (holder.spare > 0 && now - holder.movedAt > holder.latency) this.#orderBack(holder, now);
    }
  }

  close(now: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (let item = this.#waiting.take(); item !== undefined; item = this.#waiting.take()) this.#shelve(item);
    for (const holder of this.#holders) if (holder.hasFreshStock) this.#orderBack(holder, now);
  }

  #shelve(item: Item): void {
    if (item.last !== undefined) this.#put(item, item.last.outcome === "unknown" ? "lost" : "over");
  }

  #put(item: Item, state: ItemState): void {
    this.counts[item.state] -= 1;
    this.weights[item.state] -= item.weight;
    this.counts[state] += 1;
    this.weights[state] += item.weight;
    item.state = state;
    if (state === "over" && item.last?.outcome === "failed") this.counts.failed += 1;
  }

  #give(holder: Holder, most: number, now: number): void {
    const batches: Batch[] = [];
    while (batches.length < most) {
      const batch = this.#maker.next(this.#makerNews);
      if (batch === undefined) break;
      for (const item of batch.items) {
        this.#put(item, "stock");
        item.batch = batch.first;
      }
      batch.repeats = batch.attempt < this.#options.runs;
      if (batch.repeats) holder.repeating += 1;
      if (!holder.keepsAll) this.#movable += 1;
      batches.push(batch);
    }
    if (batches.length === 0) return;
    holder.give(batches, now);
    this.#news.add(holder);
  }

  get #makerNews(): MakerNews {
    return {
      ...{ waiting: this.#waiting, weight: this.weights.waiting, pace: this.#pace.likely(this.#now) },
      workers: Math.max(this.workers, this.#options.tasks * this.#mostWorkers),
    };
  }

  /**
   * How many batches the holder should have in stock: as many as end while an order is on its way. None as long as nobody knows how long a batch
   * takes: a long one should not wait for another long one.
   */
  #stockOf(holder: Holder): number {
    const { workers, latencySeconds } = holder.info;
    const news = this.#makerNews;
    if (news.pace === undefined) return 0;
    const next = this.#maker.likelyWeight(news);
    const likely = Math.max(LEAST_SECONDS, news.pace.start + news.pace.each * next);
    if (latencySeconds < WORTH_A_STOCK * likely) return 0;
    const ends = (workers * latencySeconds) / likely;
    const factor = this.#waiting.head?.isGuess === false ? 1 : FACTOR_OF_GUESS;
    // The ends come by chance, so their deviation is about the root.
    const most = Math.ceil(factor * ends + 2 * Math.sqrt(ends));
    return Math.max(1, Math.min(most, this.#fairOf(holder, next)));
  }

  /** How many batches of this weight its share of all is that has not begun. Nobody gets more, so that all come to their end at the same time. */
  #fairOf({ stock, stockWeight }: Holder, weight: number): number {
    const { tasks } = this.#options;
    const share = (this.weights.waiting + this.weights.stock) / Math.max(tasks, this.#open.size);
    return stock.size + Math.ceil((share - stockWeight) / Math.max(weight, LEAST_SECONDS));
  }

  /** How many batches the holder should be given. More than it lacks, so that an order comes for several ends. */
  #lackOf(holder: Holder): number {
    if (holder.isEnded || holder.backSince !== undefined || this.isClosed) return 0;
    if (holder.keepsAll) return Infinity;
    const stock = this.#stockOf(holder);
    const lack = holder.info.workers + stock - holder.batches;
    const most = this.#fairOf(holder, this.#maker.likelyWeight(this.#makerNews)) - stock;
    return lack <= 0 ? 0 : lack + Math.max(0, Math.min(stock >> 1, most));
  }

  #file(holder: Holder): void {
    this.#standings.file(holder, this.#lackOf(holder) > 0);
  }

  /** Gives what waits to those that were found without enough, first to workers that have nothing. */
  #feed(now: number): void {
    for (const holder of this.#standings.idle) {
      if (this.#waiting.size === 0) return;
      this.#give(holder, holder.idle, now);
      this.#file(holder);
    }
    for (const holder of this.#standings.low) {
      if (this.#waiting.size === 0) return;
      this.supply(holder, now);
    }
  }

  /** Orders back from those with most to spare, as long as workers have nothing and nothing waits. */
  #moveSpare(now: number): void {
    if (this.#waiting.size > 0 || this.isClosed) return;
    while (this.#standings.idleWorkers > this.#standings.expected) {
      const holder = this.#standings.richest();
      if (holder === undefined || !this.#isWorthMoving(holder)) return;
      this.#orderBack(holder, now);
    }
  }

  /** Its workers will not have begun all that it has to spare before its answer comes, or none of them is likely to be free before that. */
  #isWorthMoving(holder: Holder): boolean {
    const [{ spare, stock, stockWeight, info }, { mean = Infinity }] = [holder, this.#pace];
    const last = (spare * (stockWeight / stock.size) * mean) / info.workers;
    return Math.max(last, holder.freeIn(mean, this.#now)) >= info.latencySeconds;
  }

  #orderBack(holder: Holder, now: number): void {
    holder.orderBack(now);
    this.#news.add(holder);
    this.#file(holder);
  }

  /** A batch that runs again for its exit code runs again in the same holder, whose worker is free then. So the others need not wait for it. */
  #endIdle(holder: Holder): void {
    if (!holder.isEnded && (this.isClosed || holder.repeating === 0)) this.#end(holder);
  }

  #end(holder: Holder): void {
    this.#open.delete(holder);
    holder.orderEnd();
    this.#news.add(holder);
    this.#file(holder);
  }
}
