import type { Failure } from "../errors.ts";
import type { Outcome, WorkerOutcome } from "./outcome.ts";
import { harmlessLine } from "./show/sanitise.ts";

/**
 * How an item ended. `not-started`: it never began. `unknown`: it may have begun in a task whose job was lost. `timed-out` and `cancelled`: it was in
 * hand when the job was stopped.
 */
export type ItemOutcome = Exclude<Outcome, "detached">;

/** A run of the script that several items shared, or in which the script has reported the end of its item. */
export interface SharedRun {
  /** Tells the runs of a step apart. */
  readonly number: number;
  /** How long the run took; undefined unless it has ended. */
  readonly seconds: number | undefined;
  /** What the item is likely to have taken of that; undefined unless the run has ended. */
  readonly share: number | undefined;
  /** The script has reported the end of the item. The exit code and the seconds of others are those of the run. */
  readonly isReported: boolean;
}

export interface ItemResult {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly item: string;
  readonly outcome: ItemOutcome;
  /** Of its last run, as `endOfProgram` has it, or what the script has reported; undefined unless that has ended. */
  readonly exitCode: number | undefined;
  /** How long its last run took, or what the script has reported; undefined unless that has ended. */
  readonly seconds: number | undefined;
  /** How often it has begun, as far as that is known. */
  readonly attempts: number;
  /** Where its last run began: the number of the task in this step, and that of the worker. */
  readonly task: number | undefined;
  readonly worker: number | undefined;
  /** When the step heard of the begin and of the end of its last run, in milliseconds since the epoch. */
  readonly beganAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Its last run, when that was not of this item alone. */
  readonly batch?: SharedRun | undefined;
  /** It was not run, because it had succeeded in this earlier run. The other members are those of that run. */
  readonly carriedFrom?: number | undefined;
  /** What its last run that has written something has written, as a path from the workspace; undefined when no run has. */
  readonly directory?: string | undefined;
  /**
   * The last lines that its worker printed for it, as the log shows them; empty unless it failed or was stopped. Those of a batch stand with one of its
   * items that failed.
   */
  readonly lastLines: readonly string[];
}

/** The results of all items, in the order of the list. */
export interface ItemResults {
  readonly items: readonly ItemResult[];
  /** How many workers each task had that took items. */
  readonly workers: readonly number[];
  /** Where those directories are that runs of items have filled. */
  readonly directories?: ItemDirectoriesReport | undefined;
  /** What made the step stop before all items had ended, such as a cancel or a lost lock; undefined when nothing did. */
  readonly stoppedBy?: Failure | undefined;
  /** The file that has the end of each item; undefined when there is none. */
  readonly file?: string | undefined;
}

/** What runs of items have written into their directories. */
export interface ItemDirectoriesReport {
  /** The directory of the artifacts, an absolute path. */
  readonly path: string;
  /** Those that are the last one of an item, in the order of the list. */
  readonly directories: readonly DirectoryOfItems[];
}

export interface DirectoryOfItems {
  /** An absolute path. */
  readonly path: string;
  /** The item as messages name it. */
  readonly label: string;
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

/** A run that has ended. */
export interface EndedRun {
  /** The first of its items in the list. */
  readonly item: ItemResult;
  readonly seconds: number;
  /** An item of the run has failed. */
  readonly hasFailed: boolean;
}

/** The last runs of all items that have ended in this step. The items of a batch had one together. */
export function endedRuns({ items }: Pick<ItemResults, "items">): readonly EndedRun[] {
  const runs = new Map<number | ItemResult, EndedRun>();
  for (const item of items) {
    const seconds = item.batch === undefined ? item.seconds : item.batch.seconds;
    if (seconds === undefined || item.carriedFrom !== undefined) continue;
    const key = item.batch?.number ?? item;
    const known = runs.get(key);
    runs.set(key, {
      ...{ item, seconds, ...known },
      hasFailed: hasFailed(item) || known?.hasFailed === true,
    });
  }
  return [...runs.values()];
}

/** How long items took in this step: those whose end is known by itself, and for the others of a batch the first one with the time of the run. */
export function ownTimes({ items }: Pick<ItemResults, "items">): readonly {
  readonly item: ItemResult;
  readonly seconds: number;
}[] {
  const shared = new Set<number>();
  return items.flatMap((item) => {
    const { seconds, batch, carriedFrom } = item;
    if (seconds === undefined || carriedFrom !== undefined) return [];
    if (batch?.isReported !== false) return [{ item, seconds }];
    if (shared.has(batch.number)) return [];
    shared.add(batch.number);
    return [{ item, seconds }];
  });
}

/** The most characters that a message or a table shows of an item. */
const LONGEST_ITEM = 200;

/** The item as one harmless line. An item is the user's text, or what a command in the container has printed. */
export function shortItem({ item, index }: NamedItem): string {
  return harmlessLine(cutItem({ item, index }, LONGEST_ITEM), LONGEST_ITEM);
}

export type NamedItem = Pick<ItemResult, "item" | "index">;

/** The item, or as much of it as so many characters hold, with its index behind that: two that begin alike have two names. */
export function cutItem({ item, index }: NamedItem, longest: number): string {
  return item.length <= longest ? item : markCut({ item, index }, longest);
}

/** The beginning of an item that is longer, in at most so many characters. */
export function markCut({ item, index }: NamedItem, longest: number): string {
  const mark = `… (item ${index})`;
  // Half a character is none.
  return item.slice(0, longest - mark.length).replace(/[\p{Cs}\uFFFD]+$/u, "") + mark;
}
