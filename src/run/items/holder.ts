import type { Batch } from "./batch.ts";
import type { NamedBatch } from "./facts.ts";
import { type ItemOrder, type NumberedOrder, packOrders } from "./orders.ts";

export interface HolderInfo {
  /** The number of its task in this step. */
  readonly task: number;
  readonly workers: number;
  /** The time from the need of an order to its obeying. */
  readonly latencySeconds: number;
  /** There are new orders for it. Called at the end of what the queue was told. */
  readonly onOrders?: () => void;
}

/** How a holder leaves. */
export interface HowItLeaves {
  /** No fact of it is missing, so what it did not begin goes to others. */
  readonly heardAll?: boolean;
  /** Facts are missing, but this batch has not begun, nor one behind it in the stock. */
  readonly unbegun?: NamedBatch | undefined;
  /** What may have begun there runs again, as far as it may begin once more. */
  readonly runsAgain?: boolean;
}

/** Items that may have begun in a holder that has left, and whose end is not known. */
export interface ItemsOfLeaver {
  readonly again: readonly number[];
  readonly lost: readonly number[];
}

/** What the queue knows of one holder: its batches, and its orders. */
export class Holder {
  readonly info: HolderInfo;
  /** It gets everything at once, and nothing is moved from it. */
  readonly keepsAll: boolean;
  /** The batches that no worker has taken, by their first index, in the order in which they were given. */
  readonly stock = new Map<number, Batch>();
  /** The weight of all that is in stock. */
  stockWeight = 0;
  /** The batches that a worker has taken. */
  readonly hand = new Map<number, Batch>();
  /** What workers had in hand that were killed. */
  readonly gone: number[] = [];
  /** How many of its batches may run again for their exit code. */
  repeating = 0;
  /** `end` was ordered. */
  isEnded = false;
  /** How many batches the outstanding `back` is likely to bring. */
  expected = 0;
  /** When a batch last began or was given. */
  movedAt: number;
  /** What it counts for in the standings (standings.ts). */
  filed = { idle: 0, spare: 0, expected: 0 };

  readonly #orders: NumberedOrder[] = [];
  #number = 0;
  #give = 0;
  #back: { readonly number: number; readonly at: number } | undefined;
  readonly #backs = new Set<number>();

  constructor(info: HolderInfo, keepsAll: boolean, now: number) {
    this.info = info;
    this.keepsAll = keepsAll;
    this.movedAt = now;
  }

  get latency(): number {
    return this.info.latencySeconds * 1000;
  }

  /** The orders that it has not confirmed. */
  get orders(): readonly NumberedOrder[] {
    return [...this.#orders];
  }

  /** When the `back` was ordered that is not answered yet. */
  get backSince(): number | undefined {
    return this.#back?.at;
  }

  get batches(): number {
    return this.stock.size + this.hand.size;
  }

  /** How many workers have nothing. None while a `back` is outstanding, since what they have is not known then. */
  get idle(): number {
    return this.isEnded || this.#back !== undefined ? 0 : Math.max(0, this.info.workers - this.batches);
  }

  /** How many batches wait until a worker has ended another one. */
  get spare(): number {
    const isFixed = this.keepsAll || this.isEnded || this.#back !== undefined;
    return isFixed ? 0 : Math.min(this.stock.size, Math.max(0, this.batches - this.info.workers));
  }

  /** In how many seconds the first of its workers is likely to be free that have something. A unit of weight takes `mean` seconds. */
  freeIn(mean: number, now: number): number {
    const { hand, info, stock, stockWeight } = this;
    // What the other workers begin now.
    let free = hand.size < info.workers ? (stockWeight / stock.size) * mean : Infinity;
    for (const { begun, weight } of hand.values())
      free = Math.min(free, weight * mean - (now - (begun?.at ?? now)) / 1000);
    return free;
  }

  /** The batch that this order gave it. */
  find({ order, index }: NamedBatch): Batch | undefined {
    const batch = this.stock.get(index) ?? this.hand.get(index);
    return batch?.order === order ? batch : undefined;
  }

  /** This batch of the stock and those behind it; none when it is not there. */
  stockFrom({ order, index }: NamedBatch): ReadonlySet<Batch> {
    const all = [...this.stock.values()];
    const at = all.findIndex((batch) => batch.first === index && batch.order === order);
    return new Set(at < 0 ? [] : all.slice(at));
  }

  give(batches: readonly Batch[], now: number): void {
    let at = 0;
    for (const packed of packOrders(batches)) {
      this.#give = this.#add({ kind: "give", batches: packed });
      for (const batch of batches.slice(at, at + packed.length)) {
        batch.order = this.#give;
        this.stock.set(batch.first, batch);
        this.stockWeight += batch.weight;
      }
      at += packed.length;
    }
    this.movedAt = now;
  }

  /** A worker has taken the batch out of the stock. False when it was not there. */
  take(batch: Batch): boolean {
    if (!this.#unstock(batch)) return false;
    this.hand.set(batch.first, batch);
    return true;
  }

  /** It has the batch no longer. Returns whether the batch was in stock. */
  drop(batch: Batch): boolean {
    this.hand.delete(batch.first);
    return this.#unstock(batch);
  }

  orderBack(now: number): void {
    this.expected = this.spare;
    this.#back = { number: this.#add({ kind: "back" }), at: now };
    this.#backs.add(this.#back.number);
  }

  /** Whether it has stock that no `back` was ordered for. */
  get hasFreshStock(): boolean {
    return this.stock.size > 0 && this.#give > (this.#back?.number ?? 0);
  }

  orderEnd(): void {
    this.isEnded = true;
    this.#add({ kind: "end" });
  }

  /** Whether it was ordered to give back. */
  hasBack(number: number): boolean {
    return this.#backs.has(number);
  }

  /** Removes the orders up to this number. False when there is no such order. */
  confirm(number: number): boolean {
    if (number > this.#number || number < 1) return false;
    while ((this.#orders[0]?.number ?? Infinity) <= number) this.#orders.shift();
    return true;
  }

  /**
   * Ends the outstanding `back` when this is its number. Returns the batches that its answer did not name although they were given before: a
   * worker had taken them already.
   */
  endBack(number: number): readonly Batch[] {
    if (this.#back?.number !== number) return [];
    this.#back = undefined;
    this.expected = 0;
    const taken: Batch[] = [];
    for (const batch of this.stock.values()) {
      if (batch.order > number) break;
      taken.push(batch);
    }
    return taken;
  }

  #unstock(batch: Batch): boolean {
    const isThere = this.stock.delete(batch.first);
    if (isThere) this.stockWeight -= batch.weight;
    return isThere;
  }

  #add(order: ItemOrder): number {
    this.#number += 1;
    this.#orders.push({ number: this.#number, order });
    return this.#number;
  }
}
