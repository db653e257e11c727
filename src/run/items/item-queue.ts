import type { ItemResult, ItemResults } from "../../report/item-results.ts";
import type { ItemProgress } from "../../report/item-words.ts";
import type { Batch, ItemEnd } from "./batch.ts";
import type { ItemEndFact, ItemFact, ItemReportFact, NamedBatch } from "./facts.ts";
import { HandOut } from "./hand-out.ts";
import { Holder, type HolderInfo, type HowItLeaves, type ItemsOfLeaver } from "./holder.ts";
import { Item } from "./item.ts";
import type { NumberedOrder } from "./orders.ts";

export type { ItemEnd } from "./batch.ts";
export { type ItemFact, parseItemFact } from "./facts.ts";
export type { HolderInfo, HowItLeaves, ItemsOfLeaver } from "./holder.ts";
export { type ItemOrder, type NumberedOrder, orderWords } from "./orders.ts";

/** Names one attempt of a task. */
export type HolderId = symbol | number;

export interface ItemQueueOptions {
  readonly items: readonly string[];
  /** How many items a run of the script gets at most. `auto`: so many that it is likely to last half a minute, and fewer towards the end. */
  readonly batch: number | "auto";
  /** The indices of what is handed out, in that order. By default those that `carried` has not, in the order of the list. */
  readonly order?: readonly number[];
  /** How many seconds each item took before, by its index, as far as that is known. A hint. */
  readonly expectedSeconds?: readonly (number | undefined)[];
  /** Results of items that have ended before, by their indices. They are not handed out. */
  readonly carried?: ReadonlyMap<number, ItemResult>;
  /** How many tasks take items. */
  readonly tasks: number;
  /** The first holder gets all items at once. So nothing is moved, and it needs no orders any more. */
  readonly allFirst: boolean;
  /** The exit codes for which an item runs again. */
  readonly retryExitCodes: readonly number[];
  /** How often an item may begin. */
  readonly attempts: number;
  /** Nothing more is handed out after an item has failed for good. */
  readonly failFast: boolean;
}

/** A batch has ended. */
export interface BatchEnd {
  readonly items: readonly (ItemEnd & { readonly runsAgain: boolean })[];
  /** 1 for the first run of its items. */
  readonly attempt: number;
}

/** An item takes some time. */
const LEAST_SECONDS = 0.01;

/**
 * Hands out items to holders, each at most as often as it may begin. It does nothing by itself: it is told facts and the time in milliseconds since
 * the epoch, and has orders. It ignores what a container tells that doesn't fit.
 */
export class ItemQueue {
  readonly #options: ItemQueueOptions;
  /** Those that are handed out, by their index. */
  readonly #items: Item[] = [];
  readonly #handOut: HandOut;
  readonly #holders = new Map<HolderId, Holder>();
  readonly #workersOf: number[] = [];
  #now = 0;
  #stoppedAs: "cancelled" | "timed-out" = "cancelled";
  #misfits = 0;

  constructor(options: ItemQueueOptions) {
    const { items: texts, batch, tasks, retryExitCodes, attempts, expectedSeconds = [] } = options;
    const carried = [...(options.carried?.keys() ?? [])];
    const order = options.order ?? [...texts.keys()].filter((index) => !options.carried?.has(index));
    const all = [...order, ...carried];
    const isWhole = all.length === texts.length && new Set(all).size === texts.length;
    if (!isWhole || all.some((index) => texts[index] === undefined))
      throw new RangeError("The order of handing out does not have each index once");
    this.#options = options;
    const known = order.flatMap((index) => expectedSeconds[index] ?? []);
    const meanSeconds =
      known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0) / known.length;
    const items = order.map((index, place) => {
      const expected = expectedSeconds[index];
      const weight = Math.max(LEAST_SECONDS, expected ?? meanSeconds ?? 1);
      return new Item({ index, text: texts[index] ?? "", place, weight, isGuess: expected === undefined });
    });
    for (const item of items) this.#items[item.index] = item;
    const runs = retryExitCodes.length > 0 ? attempts : 1;
    this.#handOut = new HandOut({ items, batch, meanSeconds, tasks, runs });
  }

  /** A job can take items now. */
  join(id: HolderId, info: HolderInfo, now: number): void {
    if (this.#holders.has(id)) throw new Error("The holder has joined already");
    const holder = new Holder(info, this.#options.allFirst, now);
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
    else if (fact.kind === "item") this.#report(holder, fact);
    else if (fact.kind === "begin") this.#begin(holder, fact, now);
    else if (fact.kind === "back") this.#putBack(holder, fact);
    else if (fact.kind === "gone") this.#loseHand(holder, fact.worker);
    else if (holder.confirm(fact.order)) this.#handOut.confirm(holder, fact.order);
    else this.#misfits += 1;
    // What came back is given when the order's end is confirmed, which follows: until then the holder's own free workers don't count.
    if (holder !== undefined && fact.kind !== "back") this.#settle(holder, now);
    return end;
  }

  /**
   * The job of this holder is over. Returns the items that may have begun there and whose end is not known: those that run again elsewhere, and
   * those that are left so.
   */
  leave(id: HolderId, now: number, how: HowItLeaves = {}): ItemsOfLeaver {
    const { heardAll = false, runsAgain = false, unbegun } = how;
    const holder = this.#holders.get(id);
    if (holder === undefined) return { again: [], lost: [] };
    const untaken = unbegun && holder.stockFrom(unbegun);
    const lost: number[] = [...holder.gone];
    for (const batch of [...holder.hand.values(), ...holder.stock.values()]) {
      if (batch.begun === undefined && (heardAll || untaken?.has(batch) === true))
        this.#giveBack(holder, batch);
      else lost.push(...this.#lose(holder, batch));
    }
    this.#holders.delete(id);
    this.#handOut.remove(holder);
    const again = new Set(runsAgain ? this.#again(lost) : []);
    // Not before they wait: the others would be told that nothing more comes.
    this.#settle(undefined, now);
    return { again: [...again], lost: lost.filter((index) => !again.has(index)) };
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

  /** The items of a batch that runs in this holder, and the number of that attempt; undefined for a batch that the holder has not begun. */
  runOf(id: HolderId, named: NamedBatch): { indices: readonly number[]; attempt: number } | undefined {
    const batch = this.#holders.get(id)?.find(named);
    return batch?.begun === undefined ? undefined : { indices: batch.indices, attempt: batch.attempt };
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

  /** Whether another holder may get something. */
  get hasWork(): boolean {
    return !this.#handOut.isClosed && this.progress.left > 0;
  }

  /** How many facts did not fit. */
  get misfits(): number {
    return this.#misfits;
  }

  get progress(): ItemProgress {
    const { counts, secondsLeft } = this.#handOut;
    const progress = {
      ...{ done: counts.over, failed: counts.failed },
      ...{ inHand: counts.hand, left: counts.waiting + counts.stock, unknown: counts.lost },
    };
    return secondsLeft === undefined ? progress : { ...progress, secondsLeft };
  }

  /** What has become of each item. `lastLinesOf` has the last lines that are kept for the item with this index. */
  results(lastLinesOf: (index: number) => readonly string[] = () => []): ItemResults {
    const items: ItemResult[] = [];
    for (const [index, result] of this.#options.carried ?? []) items[index] = result;
    // Those that were carried are holes.
    this.#items.forEach((item, index) => (items[index] = item.result(this.#stoppedAs, lastLinesOf)));
    return { items, workers: Array.from(this.#workersOf, (workers: number | undefined) => workers ?? 0) };
  }

  #begin(holder: Holder, fact: ItemFact & { kind: "begin" }, now: number): void {
    const batch = holder.find(fact);
    if (batch === undefined || batch.begun !== undefined || fact.worker >= holder.info.workers) {
      this.#misfits += 1;
      return;
    }
    this.#handOut.take(holder, batch);
    const { task, workers } = holder.info;
    const { worker } = fact;
    batch.begun = { worker, at: now };
    for (const item of batch.items) {
      item.begins += 1;
      item.last = { outcome: "unknown", task, worker, beganAt: now, batch: batch.unended };
    }
    this.#handOut.noteBegin(batch, now);
    holder.movedAt = now;
    this.#workersOf[task] = workers;
  }

  #report(holder: Holder, { order, index, exitCode, seconds }: ItemReportFact): void {
    const batch = holder.find({ order, index: this.#items[index]?.batch ?? NaN });
    const fits = batch?.begun !== undefined && batch.report(index, { exitCode, seconds });
    if (!fits) this.#misfits += 1;
  }

  #endBatch(holder: Holder, fact: ItemEndFact, now: number): BatchEnd | undefined {
    const batch = holder.find(fact);
    if (batch === undefined || batch.begun?.worker !== fact.worker) {
      this.#misfits += 1;
      return undefined;
    }
    this.#handOut.noteEnd(batch, fact.stopped ? undefined : fact.seconds);
    this.#handOut.drop(holder, batch);
    const { isClosed } = this.#handOut;
    const items = batch.ends(fact).map((end) => {
      const { item, outcome, exitCode, seconds, batch: shared } = end;
      const last = { outcome, exitCode, seconds, endedAt: now, batch: shared };
      item.last = { task: holder.info.task, ...item.last, ...last };
      const isNamed = outcome === "failed" && this.#options.retryExitCodes.includes(exitCode);
      const runsAgain = isNamed && batch.repeats && !isClosed;
      this.#handOut.put(item, runsAgain ? "waiting" : "over");
      return { ...end, runsAgain };
    });
    const hasFailed = items.some(({ outcome, runsAgain }) => outcome === "failed" && !runsAgain);
    if (hasFailed && this.#options.failFast) this.#handOut.close(now);
    return { items, attempt: batch.attempt };
  }

  /** The end of this batch will not be known. */
  #lose(holder: Holder, batch: Batch): readonly number[] {
    if (batch.begun !== undefined) this.#handOut.noteEnd(batch, undefined);
    this.#handOut.drop(holder, batch);
    for (const item of batch.items) {
      if (batch.begun === undefined) {
        item.losses += 1;
        item.last = { outcome: "unknown", task: holder.info.task, batch: batch.unended };
      }
      this.#handOut.put(item, "lost");
    }
    return batch.indices;
  }

  /** The worker was killed, so what it had begun has no end. It runs again, if at all, once the job is over, since it may go on. */
  #loseHand(holder: Holder, worker: number): void {
    for (const batch of [...holder.hand.values()])
      if (batch.begun?.worker === worker) holder.gone.push(...this.#lose(holder, batch));
  }

  /** Of these items those run again that may begin once more. */
  #again(lost: readonly number[]): readonly number[] {
    if (this.#handOut.isClosed) return [];
    const again = lost
      .flatMap((index) => this.#items[index] ?? [])
      .filter(({ spent }) => spent < this.#options.attempts);
    for (const item of again) this.#handOut.put(item, "waiting");
    return again.map(({ index }) => index);
  }

  #giveBack(holder: Holder, batch: Batch): void {
    this.#handOut.drop(holder, batch);
    for (const item of batch.items) this.#handOut.put(item, "waiting");
  }

  #putBack(holder: Holder, fact: ItemFact & { kind: "back" }): void {
    const isAnswer = holder.hasBack(fact.order);
    let fits = isAnswer;
    for (const named of fact.batches) {
      const batch = holder.find(named);
      if (isAnswer && batch !== undefined && batch.begun === undefined && batch.order < fact.order)
        this.#giveBack(holder, batch);
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
