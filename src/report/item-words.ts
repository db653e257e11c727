import { factsOf, Failure } from "../errors.ts";
import type { DocsPage } from "../log.ts";
import { exitCodeMeaning, howItFailed } from "./end-words.ts";
import { countItems, hasFailed, type ItemResult, type ItemResults, shortItem } from "./item-results.ts";
import type { TaskResult } from "./result.ts";

/** Numbers of items. */
export interface ItemProgress {
  /** They have their end. */
  readonly done: number;
  /** How many of those that are done have failed. */
  readonly failed: number;
  /** Workers run them. */
  readonly inHand: number;
  /** They have not begun, or run again. */
  readonly left: number;
  /** The task that had them is gone, and their end is not known. */
  readonly unknown: number;
  /** How long those in hand and left are likely to take; undefined when it is not known. */
  readonly secondsLeft?: number | undefined;
}

/** As in "212 of 500 items done, 3 of them failed, 16 in hand, about 2 min left". */
export function itemProgress({ done, failed, inHand, left, unknown, secondsLeft }: ItemProgress): string {
  return [
    `${done} of ${countNouns(done + inHand + left + unknown, "item")} done`,
    ...(failed === 0 ? [] : [`${failed} of them failed`]),
    ...(unknown === 0 ? [] : [`${unknown} with an unknown end`]),
    ...(inHand === 0 ? [] : [`${inHand} in hand`]),
    ...(secondsLeft === undefined || inHand + left === 0 ? [] : [`about ${roughly(secondsLeft)} left`]),
  ].join(", ");
}

function roughly(seconds: number): string {
  if (seconds < 100) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

/** The line for an item that has ended and has not succeeded, as soon as that is known. */
export function itemEndLine(
  item: Pick<ItemResult, "item" | "index" | "outcome" | "exitCode" | "seconds" | "task" | "worker">,
): string {
  const { seconds, task, worker } = item;
  const time = seconds === undefined ? "" : ` after ${seconds.toFixed(1)} s`;
  const place = task === undefined || worker === undefined ? "" : ` in task ${task}, worker ${worker}`;
  return `Item '${shortItem(item)}' ${howItEnded(item)}${time}${place}.`;
}

/** How an item has ended with a run that it may have shared with others. */
export interface ItemRunEnd extends Pick<ItemResult, "exitCode" | "seconds" | "batch"> {
  readonly item: { readonly index: number; readonly text: string };
  readonly outcome: "succeeded" | "failed" | "stopped";
  readonly runsAgain: boolean;
}

/** How many items of a batch get a line of their own. */
const MOST_LINES = 20;

/**
 * The lines for the items of a run that have failed, as soon as that is known. An item that the script has reported has a line of its own, and the
 * others have one together. `attempt` is 1 for the first run of its items.
 */
export function failedItemLines(
  ends: readonly ItemRunEnd[],
  { attempt, ...place }: { readonly task: number; readonly worker: number; readonly attempt: number },
): readonly string[] {
  const failed = ends.filter(({ outcome }) => outcome === "failed");
  const isReported = ({ batch }: ItemRunEnd): boolean => batch?.isReported === true;
  const unreported = failed.filter((end) => !isReported(end));
  const leading = [...unreported.slice(0, 1), ...failed.filter(isReported)];
  const lines = leading.slice(0, MOST_LINES).map((end) => {
    const { item, exitCode, seconds, runsAgain } = end;
    const { index, text } = item;
    const line = itemEndLine({ item: text, index, outcome: "failed", exitCode, seconds, ...place });
    const others = isReported(end) ? "" : othersOfBatch(unreported.length - 1, ends.length);
    return `${line}${others}${runsAgain ? ` It runs again (attempt ${attempt + 1}).` : ""}`;
  });
  const more = leading.length - lines.length;
  return more > 0 ? [...lines, `${countNouns(more, "more item")} of this batch failed.`] : lines;
}

function othersOfBatch(others: number, size: number): string {
  if (others === 0) return "";
  const of = others === size - 1 ? "other" : "more";
  if (others === 1)
    return of === "other" ? " So has the other one of its batch." : " So has one more of its batch.";
  return of === "other"
    ? ` So have the ${others} others of its batch.`
    : ` So have ${others} more of its batch.`;
}

function howItEnded({ outcome, exitCode }: Pick<ItemResult, "outcome" | "exitCode">): string {
  switch (outcome) {
    case "succeeded":
      return "succeeded";
    case "failed":
      return `failed with exit code ${exitCode}`;
    case "timed-out":
      return "was stopped by the timeout of the job";
    case "cancelled":
      return "was stopped by the cancel of the job";
    case "unknown":
      return "has an unknown end";
    case "not-started":
      return "did not begin";
  }
}

/** How many items had which end, as in "498 of 500 items ended, 3 of them failed; 1 has an unknown end; 1 did not begin". */
export function itemCounts(results: Pick<ItemResults, "items">): string {
  const { total, succeeded, failed, stopped, unknown, notStarted, carried } = countItems(results);
  return [
    `${succeeded + failed + stopped} of ${countNouns(total, "item")} ended${failed === 0 ? "" : `, ${failed} of them failed`}` +
      (carried === 0 ? "" : `, ${carried} of them before this run`) +
      (stopped === 0 ? "" : `, ${stopped} when the job was stopped`),
    ...(unknown === 0 ? [] : [`${unknown} ${unknown === 1 ? "has" : "have"} an unknown end`]),
    ...(notStarted === 0 ? [] : [`${notStarted} did not begin`]),
  ].join("; ");
}

/**
 * Sentences on the items that have ended and have not succeeded. The first one of the list decides how the step ends. `timeout` tells which input
 * has bounded the job.
 */
export function itemsFailed(results: Pick<ItemResults, "items">, timeout: string): readonly string[] {
  const first = results.items.find(hasFailed);
  if (first === undefined) return [];
  const { total, failed, stopped } = countItems(results);
  const of = `of ${countNouns(total, "item")}`;
  const name = `'${shortItem(first)}'`;
  if (first.outcome === "failed") {
    const end = `ended with exit code ${exitCodeMeaning(first)}.`;
    return [
      `${failed} ${of} failed${failed === 1 ? `: ${name} ` : `; the first one, ${name}, `}${end}`,
      ...(stopped === 0 ? [] : [`${inHand(stopped, "item")} when the job was stopped.`]),
    ];
  }
  const why = first.outcome === "cancelled" ? "was cancelled" : `was stopped for its timeout (${timeout})`;
  return [
    `${stopped} ${of} ${stopped === 1 ? "was" : "were"} in hand when the job ${why}${stopped === 1 ? "" : "; the first one"}: ${name}.`,
    ...(failed === 0 ? [] : [`${countNouns(failed, "item")} failed.`]),
  ];
}

function inHand(count: number, noun: string): string {
  return `${countNouns(count, noun)} ${count === 1 ? "was" : "were"} in hand`;
}

/**
 * The warnings of a step that succeeds although tasks failed: all items have succeeded. `page` is the paragraph about the failure.
 */
export function replacedTaskWarnings(
  replaced: readonly { readonly task: number; readonly result: TaskResult }[],
): readonly { readonly text: string; readonly page: DocsPage }[] {
  const warnings = replaced.slice(0, MOST_WARNINGS).map(({ task, result }) => {
    const isFailure = result.kind === "failed";
    const how = isFailure ? factsOf(result.failure) : `It ended with ${howItFailed(result)}.`;
    const code = isFailure ? result.failure.code : "a-script-that-failed";
    return {
      text: `Task ${task} failed: ${how} All items have succeeded.`,
      page: `errors.md#${code}` as const,
    };
  });
  const more = replaced.length - MOST_WARNINGS;
  if (more <= 0) return warnings;
  return [...warnings, { text: `${more} more tasks failed. All items have succeeded.`, page: "errors.md" }];
}

/** How many warnings the tasks that failed get. The runner shows ten warnings of a step. */
const MOST_WARNINGS = 3;

/** How many items a sentence names. */
const MOST_NAMED = 3;

/** Sentences on the items whose end is not known, and on those that did not begin. */
export function itemsWithoutEnd({ items }: Pick<ItemResults, "items">): readonly string[] {
  const of = (outcome: ItemResult["outcome"]): readonly ItemResult[] =>
    items.filter((item) => item.outcome === outcome);
  const [unknown, notStarted] = [of("unknown"), of("not-started")];
  const [has, they] = unknown.length === 1 ? ["has", "it"] : ["have", "they"];
  return [
    ...(unknown.length === 0
      ? []
      : [
          `${countNouns(unknown.length, "item")} ${has} an unknown end (${named(unknown)}): ${they} may have begun in a task whose job was lost.`,
        ]),
    ...(notStarted.length === 0
      ? []
      : [`${countNouns(notStarted.length, "item")} did not begin (${named(notStarted)}).`]),
  ];
}

function named(items: readonly ItemResult[]): string {
  const more = items.length - MOST_NAMED;
  const shown = items.slice(0, MOST_NAMED).map((item) => `'${shortItem(item)}'`);
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The failure of a step in which no task and no item has failed, but some items have not ended. */
export function itemsNotEnded(results: Pick<ItemResults, "items">): Failure {
  const { total, unknown, notStarted } = countItems(results);
  return new Failure("no-status", {
    failed: `${unknown + notStarted} of ${countNouns(total, "item")} did not end.`,
    seen: itemsWithoutEnd(results).join(" "),
    advice:
      "Run the job again. With 'retry', such as 'infrastructure', the items of a task that was lost run again in another task.",
  });
}

export function countNouns(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
