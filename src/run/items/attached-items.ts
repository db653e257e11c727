import type { Clock } from "../../clock.ts";
import type { Failure } from "../../errors.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import type { Log } from "../../log.ts";
import type { ItemResult, ItemResults } from "../../report/item-results.ts";
import { itemEndLine } from "../../report/item-words.ts";
import { endOfProgram } from "../../report/outcome.ts";
import { FailedItemLines, ItemLines } from "../../report/show/item-lines.ts";
import { type ItemEndFact, type ItemFact, parseItemFact } from "./facts.ts";
import type { ItemsOfJob } from "./job-items.ts";
import type { ItemsOfStep } from "./step-items.ts";

interface AttachedItemsOptions {
  /** How many items the job has, as its handle says. */
  readonly total: number;
  readonly workers: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface End extends ItemEndFact {
  readonly beganAt: number | undefined;
  readonly endedAt: number;
}

/**
 * The items of a job that another step has started and left. They were handed out before that, so this hands out nothing. It learns their ends, and
 * at the end of the job their texts, by what the container tells.
 */
export class AttachedItems implements ItemsOfStep, ItemsOfJob {
  readonly list: readonly string[] = [];
  readonly pending = [];
  readonly total: number;
  readonly #options: AttachedItemsOptions;
  readonly #lines: ItemLines;
  readonly #lastLines = new FailedItemLines();
  readonly #ends = new Map<number, End>();
  readonly #texts = new Map<number, string>();
  /** When the item with this first index was heard to begin. */
  readonly #begins = new Map<number, number>();
  #stoppedAs: "cancelled" | "timed-out" = "cancelled";
  #heardAll = false;

  constructor(options: AttachedItemsOptions) {
    this.#options = options;
    this.total = options.total;
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
    return this.#ends.size;
  }

  leave(heardAll: boolean): readonly number[] {
    this.#heardAll = heardAll;
    return [];
  }

  runAgain(): boolean {
    return false;
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
      // A copy: a part of a text would keep all of it in memory.
      if (fact.index < this.total)
        this.#texts.set(fact.index, Buffer.from(fact.text.slice(0, LONGEST_TEXT)).toString());
    } else if (fact.kind === "begin") {
      if (!this.#begins.has(fact.index) && fact.index < this.total) {
        this.#begins.set(fact.index, this.#options.clock.now());
        this.#lines.begin(fact.worker);
      }
    } else if (fact.kind === "end") this.#takeEnd(fact);
  }

  #takeEnd(fact: ItemEndFact): void {
    const { index: first, indices, exitCode, seconds, worker, stopped } = fact;
    // Each end is told again at the end of the job.
    if (this.#ends.has(first) || indices.some((index) => index >= this.total)) return;
    const end = { ...fact, beganAt: this.#begins.get(first), endedAt: this.#options.clock.now() };
    for (const index of indices) this.#ends.set(index, end);
    const lines = this.#lines.end(worker);
    if (exitCode === 0) return;
    this.#lastLines.keep(first, lines);
    if (stopped) return;
    const item = indices.map((index) => this.#nameOf(index)).join(", ");
    this.#options.log.info(itemEndLine({ item, outcome: "failed", exitCode, seconds, task: 0, worker }));
  }

  #nameOf(index: number): string {
    return this.#texts.get(index) ?? `item ${index}`;
  }

  #resultOf(index: number): ItemResult {
    const end = this.#ends.get(index);
    const item = this.#nameOf(index);
    if (end === undefined) {
      const outcome = this.#heardAll ? "not-started" : "unknown";
      const none = { exitCode: undefined, seconds: undefined, task: undefined, worker: undefined };
      return { ...{ index, item, outcome, ...none }, attempts: 0, ...NO_TIMES, lastLines: [] };
    }
    const { exitCode, seconds, worker, beganAt, endedAt, stopped, indices, index: first } = end;
    return {
      ...{ index, item, ...endOfProgram(exitCode, stopped ? this.#stoppedAs : undefined), seconds },
      ...{ attempts: 1, task: 0, worker },
      ...(beganAt === undefined ? NO_TIMES : { beganAt, endedAt }),
      ...(indices.length > 1 && { batch: first }),
      lastLines: exitCode === 0 ? [] : this.#lastLines.of(first),
    };
  }
}

/** The most characters of an item that are kept. */
const LONGEST_TEXT = 1_000;
const NO_TIMES = { beganAt: undefined, endedAt: undefined };
