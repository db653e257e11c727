import type { Batch, BatchState } from "./batch.ts";
import type { Holder } from "./holder.ts";
import { Standings } from "./standings.ts";
import { WaitingLine } from "./waiting-line.ts";

/** A batch takes at least so long, whatever a container says. */
const LEAST_SECONDS = 0.01;
/** A worker may lack work for this part of a batch's time. */
const WORTH_A_STOCK = 0.01;
/** The mean forgets older ends: with the longest first the next batches are like the last ones. */
const REMEMBERED = 50;
/** An answer that takes longer than so many times the latency is not waited for. */
const OVERDUE = 4;

export interface HandOutOptions {
  readonly batches: readonly Batch[];
  readonly tasks: number;
  /** How often a batch may begin, when its exit code asks for it; 1: once. */
  readonly runs: number;
}

/** Who gets which batch, and when: keeps each holder supplied with a small stock, and moves batches from those with a stock to those without work. */
export class HandOut {
  /** How many items are in each state, and how many of those that are over have failed. */
  readonly counts: Record<BatchState | "failed", number> = {
    ...{ waiting: 0, stock: 0, hand: 0, lost: 0, over: 0 },
    failed: 0,
  };
  /** How many workers the holders have. */
  workers = 0;
  isClosed = false;
  readonly #options: HandOutOptions;
  readonly #waiting: WaitingLine;
  readonly #holders = new Set<Holder>();
  /** Those that were not told `end`. */
  readonly #open = new Set<Holder>();
  readonly #standings = new Standings();
  /** Holders with new orders that were not told yet. */
  readonly #news = new Set<Holder>();
  /** How many batches of holders another one may get. */
  #movable = 0;
  /** Nothing waits, and nothing can be moved. */
  #isDry = false;
  #ends = 0;
  #endedMean = 0;
  /** How many batches run, and the sum of the times since when. */
  #running = { count: 0, since: 0 };
  #now = 0;

  constructor(options: HandOutOptions) {
    this.#options = options;
    this.#waiting = new WaitingLine(options.batches);
    for (const { indices } of options.batches) this.counts.waiting += indices.length;
  }

  /** What the last batches that have ended took. */
  get mean(): number | undefined {
    return this.#ends === 0 ? undefined : this.#endedMean;
  }

  /** Items wait, and no holder may take them. */
  get isStranded(): boolean {
    return this.#waiting.size > 0 && this.#open.size === 0;
  }

  add(holder: Holder): void {
    this.#holders.add(holder);
    this.#open.add(holder);
    this.workers += holder.info.workers;
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
    if (!holder.stock.delete(batch.first)) return;
    holder.hand.set(batch.first, batch);
    if (!holder.keepsAll) this.#movable -= 1;
    this.#put(batch, "hand");
  }

  /** The holder has the batch no longer. */
  release(holder: Holder, batch: Batch, state: "waiting" | "lost" | "over"): void {
    if (holder.stock.delete(batch.first) && !holder.keepsAll) this.#movable -= 1;
    holder.hand.delete(batch.first);
    if (batch.repeats) holder.repeating -= 1;
    if (state === "waiting") this.putBack(batch);
    else this.#put(batch, state);
  }

  /** The batch may be handed out again. When nothing is handed out any more, it keeps the end of its last run. */
  putBack(batch: Batch): void {
    this.#put(batch, "waiting");
    if (this.isClosed) this.#shelve(batch);
    else this.#waiting.add(batch);
  }

  /** The batch has begun. */
  noteBegin(now: number): void {
    this.#running.count += 1;
    this.#running.since += now;
  }

  /** A batch has ended that ran from `beganAt` on. It took so many seconds; undefined: nobody knows how long it would have taken. */
  noteEnd(beganAt: number, seconds: number | undefined): void {
    this.#running.count -= 1;
    this.#running.since -= beganAt;
    if (seconds === undefined) return;
    this.#ends += 1;
    this.#endedMean += (seconds - this.#endedMean) / Math.min(this.#ends, REMEMBERED);
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
    for (let batch = this.#waiting.take(); batch !== undefined; batch = this.#waiting.take())
      this.#shelve(batch);
    for (const holder of this.#holders) if (holder.hasFreshStock) this.#orderBack(holder, now);
  }

  #shelve(batch: Batch): void {
    if (batch.last !== undefined) this.#put(batch, batch.last.outcome === "unknown" ? "lost" : "over");
  }

  #put(batch: Batch, state: BatchState): void {
    const { length } = batch.indices;
    this.counts[batch.state] -= length;
    this.counts[state] += length;
    batch.state = state;
    if (state === "over" && batch.last?.outcome === "failed") this.counts.failed += length;
  }

  #give(holder: Holder, most: number, now: number): void {
    const batches: Batch[] = [];
    while (batches.length < most) {
      const batch = this.#waiting.take();
      if (batch === undefined) break;
      this.#put(batch, "stock");
      batch.hasBegun = false;
      batch.repeats = batch.spent + 1 < this.#options.runs;
      if (batch.repeats) holder.repeating += 1;
      if (!holder.keepsAll) this.#movable += 1;
      batches.push(batch);
    }
    if (batches.length === 0) return;
    holder.give(batches, now);
    this.#news.add(holder);
  }

  /**
   * What a batch is likely to take. Short ones end first, so what those that run have taken already counts too: all that is known over the
   * number of ends, as for a lifetime when not all have died.
   */
  get #likelyMean(): number | undefined {
    if (this.mean === undefined) return undefined;
    const { count, since } = this.#running;
    return this.mean + Math.max(0, count * this.#now - since) / 1000 / this.#ends;
  }

  /**
   * How many batches the holder should have in stock: as many as end while an order is on its way. None as long as nobody knows how long a batch
   * takes: a long one should not wait for another long one.
   */
  #stockOf({ info }: Holder): number {
    const { workers, latencySeconds } = info;
    const mean = this.#likelyMean;
    if (mean === undefined || latencySeconds < WORTH_A_STOCK * mean) return 0;
    const ends = (workers * latencySeconds) / Math.max(mean, LEAST_SECONDS);
    // The ends come by chance, so their deviation is about the root.
    const most = Math.ceil(ends + 2 * Math.sqrt(ends));
    const share = Math.ceil(this.#waiting.size / Math.max(this.#options.tasks, this.#open.size));
    return Math.max(1, Math.min(most, share));
  }

  /** How many batches the holder should be given. More than it lacks, so that an order comes for several ends. */
  #lackOf(holder: Holder): number {
    if (holder.isEnded || holder.backSince !== undefined || this.isClosed) return 0;
    if (holder.keepsAll) return Infinity;
    const stock = this.#stockOf(holder);
    const lack = holder.info.workers + stock - holder.batches;
    return lack > 0 ? lack + (stock >> 1) : 0;
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

  /** Its workers will not have begun all that it has to spare before its answer comes. */
  #isWorthMoving({ spare, info }: Holder): boolean {
    return this.mean === undefined || (spare * this.mean) / info.workers >= info.latencySeconds;
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
