import { itemChart, wallTime } from "./item-chart.ts";
import {
  endedRuns,
  hasFailed,
  type ItemResult,
  type ItemResults,
  ownTimes,
  shortItem,
  sortByNeed,
} from "./item-results.ts";
import { itemCounts } from "./item-words.ts";
import { foldLines, literal, literalCell } from "./markdown.ts";
import { fencedLines, foldedTable } from "./summary-tables.ts";

/** The most failed and unknown items in the summary. */
const MOST_FAILED = 50;
const MOST_SLOWEST = 10;
/** The most bytes of the last lines of all failed items. GitHub takes no summary of more than 1 MiB. */
const MOST_LAST_LINES = 256 * 1024;

/** The items of a step, in Markdown: how many had which end, those that failed with their last lines, the slowest, and who worked when. */
export function itemSection(results: ItemResults): string[] {
  const wall = (wallTime(results) / 1_000).toFixed(1);
  const sum = endedRuns(results).reduce((all, { seconds }) => all + seconds, 0);
  return [
    `#### Items: ${itemCounts(results)}`,
    "",
    `${wall} s from the first begin to the last end; the items took ${sum.toFixed(1)} s together.`,
    "",
    ...failureTable(results),
    ...lastLines(results),
    ...slowestTable(results),
    ...itemChart(results),
  ];
}

function failureTable(results: ItemResults): string[] {
  const bad = sortByNeed(results).filter((item) => hasFailed(item) || item.outcome === "unknown");
  if (bad.length === 0) return [];
  const rows = bad.slice(0, MOST_FAILED).map((item) => {
    const { index, outcome, exitCode, seconds, attempts } = item;
    const cells = [index, cell(item), outcome, exitCode, seconds?.toFixed(2), attempts, placeOf(item)];
    return rowOf(cells);
  });
  const head = [
    "| Index | Item | Outcome | Exit code | Seconds | Attempts | Where |",
    "|--:|---|---|--:|--:|--:|---|",
  ];
  return foldedTable("The items that did not succeed", head, rows, bad.length);
}

/** A fold for each failed item, or batch of items, whose last lines are known. Its title holds no text of the item, because it is HTML. */
function lastLines({ items }: ItemResults): string[] {
  let room = MOST_LAST_LINES;
  return items
    .filter((item) => item.lastLines.length > 0)
    .slice(0, MOST_FAILED)
    .flatMap((item) => {
      const lines = fencedLines(item.lastLines);
      if (lines.length === 0) return [];
      const fold = foldLines(
        `The last lines of ${item.batch === undefined ? "item" : "the batch of item"} ${item.index}`,
        [literal(shortItem(item)), "", ...lines],
      );
      room -= Buffer.byteLength(fold.join("\n"));
      return room < 0 ? [] : fold;
    });
}

/** Of the items of a batch that the script has not reported it names the first one. */
function slowestTable(results: ItemResults): string[] {
  const slowest = ownTimes(results)
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, MOST_SLOWEST);
  if (slowest.length === 0) return [];
  const rows = slowest.map(({ item, seconds }) =>
    rowOf([item.index, cell(item), seconds.toFixed(2), placeOf(item)]),
  );
  return foldLines("The slowest items", ["| Index | Item | Seconds | Where |", "|--:|---|--:|---|", ...rows]);
}

function rowOf(cells: readonly (string | number | undefined)[]): string {
  return `| ${cells.map((each) => each ?? "").join(" | ")} |`;
}

function cell(item: ItemResult): string {
  return literalCell(shortItem(item));
}

function placeOf({ task, worker }: ItemResult): string {
  return task === undefined || worker === undefined ? "" : `task ${task}, worker ${worker}`;
}
