import type { Clock } from "../../clock.ts";
import type { Failure } from "../../errors.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import type { Log } from "../../log.ts";
import { type ItemResult, type ItemResults, markCut } from "../../report/item-results.ts";
import { failedItemLines } from "../../report/item-words.ts";
import { FailedItemLines, ItemLines } from "../../report/show/item-lines.ts";
import { Batch, type Report } from "./batch.ts";
import { type ItemEndFact, type ItemFact, type NamedBatch, parseItemFact } from "./facts.ts";
import { Item } from "./item.ts";
import type { ItemRun } from "./item-archive.ts";
import type { ItemDirectories } from "./item-directories.ts";
import { JobDirectories } from "./job-directories.ts";
import type { HowItLeaves } from "./item-queue.ts";
import type { ItemsOfJob } from "./job-items.ts";
import type { ItemsOfStep } from "./step-items.ts";

interface AttachedItemsOptions {
  /** How many items the job has, as its handle says. */
  readonly total: number;
  readonly workers: number;
  readonly directories: ItemDirectories;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The items of a job that another step has started and left. They were handed out before that, so this hands out nothing. It learns their ends, and
 * at the end of the job their texts, by what the container tells.
 */
export class AttachedItems implements ItemsOfStep, ItemsOfJob {
  readonly list: readonly string[] = [];
  readonly pending = [];
  readonly hasWork = false;
  readonly total: number;
  readonly directories: ItemDirectories;
  readonly jobDirectories: JobDirectories;
  readonly #options: AttachedItemsOptions;
  readonly #lines: ItemLines;
  readonly #lastLines = new FailedItemLines();
  readonly #ended = new Map<number, Item>();
  /** The batches that have ended, by their first indices, each with its first end. */
  readonly #batches = new Map<number, { readonly batch: Batch; readonly end: ItemEndFact }>();
  readonly #reports = new Map<number, Report>();
  readonly #texts = new Map<number, string>();
  /** When the item with this first index was heard to begin. */
  readonly #begins = new Map<number, number>();
  /** The runs whose directories come, by their first indices. */
  readonly #runs = new Map<
    number,
    { order: number; task: number; indices: readonly number[]; attempt: number }
  >();
  #stoppedAs: "cancelled" | "timed-out" = "cancelled";
  #heardAll = false;

  constructor(options: AttachedItemsOptions) {
    this.#options = options;
    this.total = options.total;
    this.directories = options.directories;
    this.jobDirectories = new JobDirectories(options.directories, (named) => this.#runOf(named));
    this.#lines = new ItemLines(options.workers);
  }

  /** The one job of the step takes them all. */
  attempt(): ItemsOfJob {
    return this;
  }

  onChange(): void {
    // No order is given.
  }

  get allGiven(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes what the job prints and tells. It may come twice. */
  take(shown: OutputItem): void {
    if (shown.kind !== "item-fact") {
      this.#lines.print(shown);
      return;
    }
    const fact = parseItemFact(shown.text);
    if (fact !== undefined) this.#takeFact(fact);
  }

  get ended(): number {
    return this.#ended.size;
  }

  leave({ heardAll = false }: HowItLeaves): void {
    this.#heardAll = heardAll;
  }

  close(why: "cancelled" | "timed-out"): void {
    this.#stoppedAs = why;
  }

  end(stoppedBy?: Failure): ItemResults {
    const items = Array.from({ length: this.total }, (_, index) => this.#resultOf(index));
    return { items, workers: [this.#options.workers], stoppedBy };
  }

  #takeFact(fact: ItemFact): void {
    if (fact.kind === "text") {
      if (fact.index < this.total) this.#texts.set(fact.index, nameOf(fact));
    } else if (fact.kind === "begin") {
      if (!this.#begins.has(fact.index) && fact.index < this.total) {
        this.#begins.set(fact.index, this.#options.clock.now());
        this.#lines.begin(fact.worker);
      }
    } else if (fact.kind === "item") {
      if (fact.index < this.total) this.#reports.set(fact.index, fact);
    } else if (fact.kind === "end") this.#takeEnd(fact);
  }

  /** A run that may have begun before this step came. Its end tells all its items. */
  #runOf({ order, index }: NamedBatch): ItemRun | undefined {
    if (index >= this.total || this.#ended.has(index)) return undefined;
    const run = this.#runs.get(index) ?? { order, task: 0, indices: [index], attempt: 1 };
    // An item was given once.
    if (run.order !== order) return undefined;
    this.#runs.set(index, run);
    return run;
  }

  #takeEnd(fact: ItemEndFact): void {
    const { index: first, indices, worker } = fact;
    const known = this.#batches.get(first);
    if (known !== undefined) {
      this.#takeRepeated(known);
      return;
    }
    if (indices.some((index) => index >= this.total || this.#ended.has(index))) return;
    const batch = this.#batchOf(indices);
    this.#batches.set(first, { batch, end: fact });
    const place = { task: 0, worker };
    const ends = batch.ends(fact).map((end) => ({ ...end, runsAgain: false }));
    const beganAt = this.#begins.get(first);
    const times = beganAt === undefined ? {} : { beganAt, endedAt: this.#options.clock.now() };
    for (const { item, outcome, exitCode, seconds, batch: shared } of ends) {
      item.begins = 1;
      item.last = { ...place, outcome, exitCode, seconds, batch: shared, ...times };
      this.#ended.set(item.index, item);
    }
    const run = this.#runs.get(first);
    if (run !== undefined) run.indices = indices;
    this.#runs.delete(first);
    this.#lastLines.keepOf(ends, this.#lines.end(worker));
    for (const line of failedItemLines(ends, { ...place, attempt: 1 })) this.#options.log.info(line);
  }

  /**
   * Each end is told again at the end of the job, behind the reports of its items. A step that came between the two for the first time learns only
   * now how those items have ended.
   */
  #takeRepeated({ batch, end }: { readonly batch: Batch; readonly end: ItemEndFact }): void {
    this.#report(batch);
    const news = batch.ends(end).filter(({ item, outcome }) => outcome !== item.last?.outcome);
    for (const { item, outcome, exitCode, seconds, batch: shared } of batch.ends(end))
      item.last = { task: 0, ...item.last, outcome, exitCode, seconds, batch: shared };
    const place = { task: 0, worker: end.worker, attempt: 1 };
    const ends = news.map((each) => ({ ...each, runsAgain: false }));
    for (const line of failedItemLines(ends, place)) this.#options.log.info(line);
  }

  #batchOf(indices: readonly number[]): Batch {
    const batch = new Batch(
      indices[0] ?? NaN,
      indices.map((index) => this.#itemOf(index)),
    );
    this.#report(batch);
    return batch;
  }

  /** Tells the batch what was heard of its items. */
  #report(batch: Batch): void {
    for (const index of batch.indices) {
      const report = this.#reports.get(index);
      if (report !== undefined) batch.report(index, report);
    }
  }

  #itemOf(index: number): Item {
    return new Item({ index, text: this.#nameOf(index), place: index, weight: 1, isGuess: true });
  }

  #nameOf(index: number): string {
    return this.#texts.get(index) ?? `item ${index}`;
  }

  #resultOf(index: number): ItemResult {
    const item = this.#ended.get(index) ?? this.#itemOf(index);
    // The script may have reported, before this step came, that an item failed whose run has ended with 0.
    const isCertain =
      item.last !== undefined && (item.last.outcome !== "succeeded" || item.last.beganAt !== undefined);
    if (!isCertain && !this.#heardAll) item.state = "hand";
    // The texts come at the end of the job.
    const text = this.#nameOf(index);
    return { ...item.result(this.#stoppedAs, (of) => this.#lastLines.of(of)), item: text };
  }
}

/** The most bytes of an item that are kept. The container tells one more of an item that has more (items.sh). */
const LONGEST_TEXT = 1_000;

function nameOf({ index, text }: { readonly index: number; readonly text: string }): string {
  const name = Buffer.byteLength(text) > LONGEST_TEXT ? markCut({ item: text, index }, LONGEST_TEXT) : text;
  // A copy: a part of a text would keep all of it in memory.
  return Buffer.from(name).toString();
}
