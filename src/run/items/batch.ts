import type { SharedRun } from "../../report/item-results.ts";
import type { ItemEndFact } from "./facts.ts";
import type { Item } from "./item.ts";

/** How an item has ended with a run of its batch. */
export interface ItemEnd {
  readonly item: Item;
  /** `stopped`: the job was being stopped. */
  readonly outcome: "succeeded" | "failed" | "stopped";
  readonly exitCode: number;
  readonly seconds: number;
  /** The run that it shared with other items. */
  readonly batch: SharedRun | undefined;
}

/** What a script has reported of one of its items. */
export interface Report {
  readonly exitCode: number;
  readonly seconds: number;
}

/** Items that a holder was given for one run of the script. */
export class Batch {
  /** Tells it from all others of the queue. */
  readonly number: number;
  readonly items: readonly Item[];
  /** 1 for the first run of its items. */
  readonly attempt: number;
  readonly weight: number;
  /** The number of the order that has given it to its holder. */
  order = 0;
  /** Where and when its holder has told that it begins; undefined before. */
  begun: { readonly worker: number; readonly at: number } | undefined;
  /** The exit code of an item may make that run again. */
  repeats = false;
  readonly #reports = new Map<number, Report>();
  #members: ReadonlySet<number> | undefined;

  constructor(number: number, items: readonly Item[]) {
    this.number = number;
    this.items = items;
    this.attempt = (items[0]?.spent ?? 0) + 1;
    this.weight = items.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** Names the batch among those of its order. */
  get first(): number {
    return this.items[0]?.index ?? NaN;
  }

  get indices(): readonly number[] {
    return this.items.map(({ index }) => index);
  }

  /** How long an item takes is not known of one of them. */
  get isGuess(): boolean {
    return this.items.some(({ isGuess }) => isGuess);
  }

  /** The script has reported this end of an item. Its last report counts. False when the batch does not have the item. */
  report(index: number, report: Report): boolean {
    this.#members ??= new Set(this.indices);
    if (!this.#members.has(index)) return false;
    this.#reports.set(index, report);
    return true;
  }

  /**
   * How each item has ended when the run has ended so. An item that the script has reported has the reported end. The others have that of the run.
   * When the run has not succeeded, and the script has reported each item as a success, something else has failed, and all have the end of the run.
   */
  ends({ exitCode, seconds, stopped }: ItemEndFact): readonly ItemEnd[] {
    const outcome = stopped ? "stopped" : exitCode === 0 ? "succeeded" : "failed";
    const reports = [...this.#reports.values()];
    const isBlameless =
      reports.length === this.items.length && reports.every((report) => report.exitCode === 0);
    const counts = outcome === "succeeded" || !isBlameless;
    const reported = counts ? reports.reduce((sum, report) => sum + report.seconds, 0) : 0;
    const share = Math.max(0, seconds - reported) / (this.items.length - (counts ? reports.length : 0));
    return this.items.map((item) => {
      const report = counts ? this.#reports.get(item.index) : undefined;
      const batch = this.#shared(seconds, report?.seconds ?? share, report !== undefined);
      if (report === undefined) return { item, outcome, exitCode, seconds, batch };
      return { item, ...report, outcome: report.exitCode === 0 ? "succeeded" : "failed", batch };
    });
  }

  /** What its items have in common while it runs, or when its end will not be known. */
  get unended(): SharedRun | undefined {
    return this.#shared(undefined, undefined, false);
  }

  #shared(
    seconds: number | undefined,
    share: number | undefined,
    isReported: boolean,
  ): SharedRun | undefined {
    return this.items.length === 1 && !isReported
      ? undefined
      : { number: this.number, seconds, share, isReported };
  }
}
