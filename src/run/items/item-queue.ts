import type { ItemResult, ItemResults } from "../../report/item-results.ts";
import type { ItemProgress } from "../../report/item-words.ts";
import { Batch } from "./batch.ts";
import type { ItemEndFact, ItemFact } from "./facts.ts";
import { HandOut } from "./hand-out.ts";
import { Holder, type HolderInfo } from "./holder.ts";
import type { NumberedOrder } from "./orders.ts";

export { type ItemFact, parseItemFact } from "./facts.ts";
export type { HolderInfo } from "./holder.ts";
export { type ItemOrder, type NumberedOrder, orderWords } from "./orders.ts";

/** Names one attempt of a task. */
export type HolderId = symbol | number;

export interface ItemQueueOptions {
  readonly items: readonly string[];
  /** How many items a run of the script gets at most. */
  readonly batch: number;
  /** The indices of what is handed out, in that order. By default those that `carried` has not, in the order of the list. */
  readonly order?: readonly number[];
  /** Results of items that have ended before, by their indices. They are not handed out. */
  readonly carried?: ReadonlyMap<number, ItemResult>;
  /** How many tasks take items. */
  readonly tasks: number;
  /** The exit codes for which an item runs again. */
  readonly retryExitCodes: readonly number[];
  /** How often an item may begin. */
  readonly attempts: number;
  /** Nothing more is handed out after an item has failed for good. */
  readonly failFast: boolean;
}

/** A batch has ended. */
export interface BatchEnd {
  readonly indices: readonly number[];
  /** `stopped`: the job was being stopped. */
  readonly outcome: "succeeded" | "failed" | "stopped";
  readonly exitCode: number;
  readonly seconds: number;
  /** 1 for its first run. */
  readonly attempt: number;
  readonly runsAgain: boolean;
}

/**
 * Hands out items to holders, each at most as often as it may begin. It does nothing by itself: it is told facts and the time in milliseconds since
 * the epoch, and has orders. It ignores what a container tells that doesn't fit.
 */
export class ItemQueue {
  readonly #options: ItemQueueOptions;
  readonly #batches: readonly Batch[];
  readonly #batchOf: Batch[] = [];
  readonly #handOut: HandOut;
  readonly #holders = new Map<HolderId, Holder>();
  readonly #workersOf: number[] = [];
  #now = 0;
  #stoppedAs: "cancelled" | "timed-out" = "cancelled";
  #misfits = 0;

  constructor(options: ItemQueueOptions) {
    const { items, batch, tasks, retryExitCodes, attempts } = options;
    const carried = [...(options.carried?.keys() ?? [])];
    const order = options.order ?? [...items.keys()].filter((index) => !options.carried?.has(index));
    const all = [...order, ...carried];
    const isWhole = all.length === items.length && new Set(all).size === items.length;
    if (!isWhole || all.some((index) => items[index] === undefined))
      throw new RangeError("The order of handing out does not have each index once");
    this.#options = options;
    this.#batches = Array.from(
      { length: Math.ceil(order.length / batch) },
      (_, place) => new Batch(place, order.slice(place * batch, (place + 1) * batch)),
    );
    for (const one of this.#batches) for (const index of one.indices) this.#batchOf[index] = one;
    const runs = retryExitCodes.length > 0 ? attempts : 1;
    this.#handOut = new HandOut({ batches: this.#batches, tasks, runs });
  }

  /** A job can take items now. */
  join(id: HolderId, info: HolderInfo, now: number): void {
    if (this.#holders.has(id)) throw new Error("The holder has joined already");
    const holder = new Holder(info, this.#options.tasks === 1, now);
    this.#holders.set(id, holder);
    this.#handOut.add(holder);
    this.#settle(holder, now);
  }

  /** Takes in a fact. Returns the end of a batch when the fact is one. */
  take(id: HolderId, fact: ItemFact, now: number): BatchEnd | undefined {
    const holder = this.#holders.get(id);
    let end: BatchEnd | undefined;
    // It knows the texts of the items.
    if (holder === undefined || fact.kind === "text") this.#misfits += 1;
    else if (fact.kind === "end") end = this.#endBatch(holder, fact, now);
    else if (fact.kind === "begin") this.#begin(holder, fact, now);
    else if (fact.kind === "back") this.#putBack(holder, fact);
    else if (fact.kind === "gone") this.#loseHand(holder, fact.worker, now);
    else if (holder.confirm(fact.order)) this.#handOut.confirm(holder, fact.order);
    else this.#misfits += 1;
    if (holder !== undefined) this.#settle(holder, now);
    return end;
  }

  /**
   * The job of this holder is over. Returns the items that may have begun there and whose end is not known. `heardAll`: no fact of the holder is
   * missing, so what it did not begin goes to others.
   */
  leave(id: HolderId, now: number, heardAll = false): readonly number[] {
    const holder = this.#holders.get(id);
    if (holder === undefined) return [];
    const lost: number[] = [...holder.gone];
    for (const batch of [...holder.hand.values(), ...holder.stock.values()]) {
      if (heardAll && !batch.hasBegun) {
        this.#handOut.release(holder, batch, "waiting");
      } else {
        lost.push(...this.#lose(holder, batch, now));
      }
    }
    this.#holders.delete(id);
    this.#handOut.remove(holder);
    this.#settle(undefined, now);
    return lost;
  }

  /** These items run again, elsewhere, when their end is not known and they may begin once more. Returns those that do. */
  again(indices: readonly number[]): readonly number[] {
    const batches = new Set(indices.map((index) => this.#batchOf[index]));
    const repeated = [...batches].filter(
      (batch) => batch?.state === "lost" && batch.spent < this.#options.attempts && !this.#handOut.isClosed,
    ) as Batch[];
    for (const batch of repeated) this.#handOut.putBack(batch);
    this.#settle(undefined, this.#now);
    return repeated.flatMap((batch) => batch.indices);
  }

  /** Nothing more is handed out, and the stocks are taken back. What ends while its job is being stopped has ended so. */
  close(stoppedAs: "cancelled" | "timed-out" = this.#stoppedAs): void {
    this.#stoppedAs = stoppedAs;
    this.#handOut.close(this.#now);
    this.#settle(undefined, this.#now);
  }

  /** Moves items whose holder begins nothing for longer than was likely. Called about each second. */
  tick(now: number): void {
    this.#handOut.look(now);
    this.#settle(undefined, now);
  }

  /** Whether the holder has confirmed that nothing more comes. */
  hasAll(id: HolderId): boolean {
    const holder = this.#holders.get(id);
    return holder !== undefined && holder.isEnded && holder.orders.length === 0;
  }

  /** The orders that the holder has not confirmed, oldest first. */
  ordersFor(id: HolderId): readonly NumberedOrder[] {
    return this.#holders.get(id)?.orders ?? [];
  }

  /** Items wait, and no holder will take them: they need another attempt of a task. */
  get isStranded(): boolean {
    return this.#handOut.isStranded;
  }

  /** How many facts did not fit. */
  get misfits(): number {
    return this.#misfits;
  }

  get progress(): ItemProgress {
    const { counts, mean, workers } = this.#handOut;
    const left = counts.waiting + counts.stock;
    const progress = {
      ...{ done: counts.over, failed: counts.failed },
      ...{ inHand: counts.hand, left, unknown: counts.lost },
    };
    if (mean === undefined || workers === 0) return progress;
    // Of those in hand half is done.
    const batches = (left + counts.hand / 2) / this.#options.batch;
    return { ...progress, secondsLeft: (batches * mean) / workers };
  }

  /** What has become of each item. `lastLinesOf` has the last lines that the batch with this first index printed. */
  results(lastLinesOf: (first: number) => readonly string[] = () => []): ItemResults {
    const { items: texts } = this.#options;
    const items: ItemResult[] = [];
    for (const [index, result] of this.#options.carried ?? []) items[index] = result;
    for (const batch of this.#batches)
      for (const index of batch.indices)
        items[index] = batch.result(index, texts[index] ?? "", this.#stoppedAs, lastLinesOf);
    return { items, workers: Array.from(this.#workersOf, (workers: number | undefined) => workers ?? 0) };
  }

  #begin(holder: Holder, fact: ItemFact & { kind: "begin" }, now: number): void {
    const batch = holder.find(fact);
    if (batch === undefined || batch.hasBegun || fact.worker >= holder.info.workers) {
      this.#misfits += 1;
      return;
    }
    this.#handOut.take(holder, batch);
    const { task, workers } = holder.info;
    batch.hasBegun = true;
    batch.begins += 1;
    batch.last = { outcome: "unknown", task, worker: fact.worker, beganAt: now };
    this.#handOut.noteBegin(now);
    holder.movedAt = now;
    this.#workersOf[task] = workers;
  }

  #endBatch(holder: Holder, fact: ItemEndFact, now: number): BatchEnd | undefined {
    const batch = holder.find(fact);
    if (batch?.last === undefined || !batch.hasBegun || fact.worker !== batch.last.worker) {
      this.#misfits += 1;
      return undefined;
    }
    const { exitCode, seconds, stopped } = fact;
    const outcome = stopped ? "stopped" : exitCode === 0 ? "succeeded" : "failed";
    batch.last = { ...batch.last, outcome, exitCode, seconds, endedAt: now };
    this.#handOut.noteEnd(batch.last.beganAt ?? now, stopped ? undefined : seconds);
    const isNamed = outcome === "failed" && this.#options.retryExitCodes.includes(exitCode);
    const runsAgain = isNamed && batch.repeats && !this.#handOut.isClosed;
    this.#handOut.release(holder, batch, runsAgain ? "waiting" : "over");
    if (outcome === "failed" && !runsAgain && this.#options.failFast) this.#handOut.close(now);
    const { indices, spent: attempt } = batch;
    return { indices, outcome, exitCode, seconds, attempt, runsAgain };
  }

  /** The end of this batch will not be known. */
  #lose(holder: Holder, batch: Batch, now: number): readonly number[] {
    if (batch.hasBegun) {
      this.#handOut.noteEnd(batch.last?.beganAt ?? now, undefined);
    } else {
      batch.losses += 1;
      batch.last = { outcome: "unknown", task: holder.info.task };
    }
    this.#handOut.release(holder, batch, "lost");
    return batch.indices;
  }

  /** The worker was killed, so what it had begun has no end. It runs again, if at all, once the job is over, since it may go on. */
  #loseHand(holder: Holder, worker: number, now: number): void {
    for (const batch of [...holder.hand.values()])
      if (batch.hasBegun && batch.last?.worker === worker)
        holder.gone.push(...this.#lose(holder, batch, now));
  }

  #putBack(holder: Holder, fact: ItemFact & { kind: "back" }): void {
    const isAnswer = holder.hasBack(fact.order);
    let fits = isAnswer;
    for (const named of fact.batches) {
      const batch = holder.find(named);
      if (isAnswer && batch !== undefined && !batch.hasBegun && batch.order < fact.order)
        this.#handOut.release(holder, batch, "waiting");
      else fits = false;
    }
    if (!fits) this.#misfits += 1;
  }

  #settle(holder: Holder | undefined, now: number): void {
    this.#now = now;
    if (holder !== undefined) this.#handOut.supply(holder, now);
    this.#handOut.settle(holder, now);
  }
}
