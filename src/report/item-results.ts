import type { Failure } from "../errors.ts";
import type { Outcome, WorkerOutcome } from "./outcome.ts";
import { harmlessLine } from "./show/sanitise.ts";

/**
 * How an item ended. `not-started`: it never began. `unknown`: it may have begun in a task that was lost. `timed-out` and `cancelled`: it was in
 * hand when the job was stopped.
 */
export type ItemOutcome = Exclude<Outcome, "detached">;

export interface ItemResult {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly item: string;
  readonly outcome: ItemOutcome;
  /** Of its last run, as `endOfProgram` has it; undefined unless that has ended. */
  readonly exitCode: number | undefined;
  /** How long its last run took; undefined unless that has ended. */
  readonly seconds: number | undefined;
  /** How often it has begun, as far as that is known. */
  readonly attempts: number;
  /** Where its last run began: the number of the task in this step, and that of the worker. */
  readonly task: number | undefined;
  readonly worker: number | undefined;
  /** When the step heard of the begin and of the end of its last run, in milliseconds since the epoch. */
  readonly beganAt: number | undefined;
  readonly endedAt: number | undefined;
  /** The first index of the batch that its last run was given. Undefined: the run had this item alone. */
  readonly batch?: number | undefined;
  /** It was not run, because it had succeeded in this earlier run. The other members are those of that run. */
  readonly carriedFrom?: number | undefined;
  /** The last lines that its worker printed for it, as the log shows them; empty unless it failed or was stopped. A batch has them together. */
  readonly lastLines: readonly string[];
}

/** The results of all items, in the order of the list. */
export interface ItemResults {
  readonly items: readonly ItemResult[];
  /** How many workers each task had that took items. */
  readonly workers: readonly number[];
  /** What made the step stop before all items had ended, such as a cancel or a lost lock; undefined when nothing did. */
  readonly stoppedBy?: Failure | undefined;
}

/** An item that has ended, and has not succeeded. */
export type FailedItem = ItemResult & {
  readonly exitCode: number;
  readonly outcome: Exclude<WorkerOutcome, "succeeded">;
};

export function hasFailed(item: ItemResult): item is FailedItem {
  const { outcome, exitCode } = item;
  const isEnd = outcome === "failed" || outcome === "timed-out" || outcome === "cancelled";
  return isEnd && exitCode !== undefined;
}

export interface ItemCounts {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  /** In hand when the job was stopped. */
  readonly stopped: number;
  readonly unknown: number;
  readonly notStarted: number;
  /** How many of those that succeeded were not run, because they had succeeded before. */
  readonly carried: number;
}

export function countItems({ items }: Pick<ItemResults, "items">): ItemCounts {
  const count = (...outcomes: readonly ItemOutcome[]): number =>
    items.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    total: items.length,
    succeeded: count("succeeded"),
    failed: count("failed"),
    stopped: count("timed-out", "cancelled"),
    unknown: count("unknown"),
    notStarted: count("not-started"),
    carried: items.filter(({ carriedFrom }) => carriedFrom !== undefined).length,
  };
}

const BY_NEED: readonly (readonly ItemOutcome[])[] = [
  ["failed", "timed-out", "cancelled"],
  ["unknown"],
  ["not-started"],
  ["succeeded"],
];

/** The items in the order in which a reader needs them: the failed ones, then the unknown ones, those that did not begin, the others. */
export function sortByNeed({ items }: Pick<ItemResults, "items">): readonly ItemResult[] {
  return BY_NEED.flatMap((outcomes) => items.filter(({ outcome }) => outcomes.includes(outcome)));
}

/** Whether the item is the first of the batch that its last run was given, or the only item of it. */
export function isFirstOfRun({ batch, index }: Pick<ItemResult, "batch" | "index">): boolean {
  return batch === undefined || batch === index;
}

/** The runs of this step that have ended. Of a batch it has the first item alone, because all items of a batch have one run. */
export function endedRuns({ items }: Pick<ItemResults, "items">): readonly (ItemResult & {
  readonly seconds: number;
})[] {
  return items.flatMap((item) => {
    const { seconds, carriedFrom } = item;
    const isRun = seconds !== undefined && carriedFrom === undefined && isFirstOfRun(item);
    return isRun ? [{ ...item, seconds }] : [];
  });
}

/** The most characters that a message or a table shows of an item. */
const LONGEST_ITEM = 200;

/** The item as one harmless line. An item is the user's text, or what a command in the container has printed. */
export function shortItem(item: string): string {
  return harmlessLine(item, LONGEST_ITEM);
}
