import { endedRuns, type ItemResults } from "./item-results.ts";
import { countNouns } from "./item-words.ts";
import { foldLines } from "./markdown.ts";

/** The most bars of the chart. GitHub draws no chart of more than 50,000 characters, and a bar has some 60. */
const MOST_BARS = 200;

/** A time in which a worker worked on items, without a pause that matters in the chart. In milliseconds since the epoch. */
interface Bar {
  readonly from: number;
  readonly to: number;
  readonly index: number;
  readonly count: number;
  readonly hasFailed: boolean;
}

/** A run as the step has heard of it, and how long it took in the container. */
interface HeardRun extends Bar {
  readonly ms: number;
}

interface Row {
  readonly task: number;
  readonly worker: number;
  readonly bars: readonly Bar[];
}

/** A chart of who worked when, folded: a row for each worker, and a bar for each item or, with many items, for several short ones. */
export function itemChart(results: ItemResults): string[] {
  const all = rowsOf(results);
  const shown = joinShort(all.slice(0, MOST_BARS));
  const [first] = shown;
  if (first === undefined) return [];
  const bars = shown.flatMap((row) => row.bars);
  const wall = wallTime(results);
  const notes = [
    ...(bars.length < all.flatMap((row) => row.bars).length ? ["A bar may be several items in a row."] : []),
    ...(all.length > shown.length ? [`… and ${countNouns(all.length - shown.length, "more worker")}.`] : []),
    ...(idle(results, all) > 0 ? [`${countNouns(idle(results, all), "worker")} got no item.`] : []),
  ];
  return foldLines("Who worked when", [
    "```mermaid",
    "---",
    "displayMode: compact",
    "---",
    "gantt",
    "  title Items by worker",
    "  dateFormat x",
    `  axisFormat ${wall < 3_600_000 ? "%H:%M:%S" : "%H:%M"}`,
    ...shown.flatMap(({ task, worker, bars: own }) => [
      `  section task ${task}, worker ${worker}`,
      ...own.map(barLine),
    ]),
    "```",
    ...(notes.length === 0 ? [] : ["", notes.join(" ")]),
  ]);
}

/** The milliseconds from the first begin of a run to the last end of one. */
export function wallTime({ items }: Pick<ItemResults, "items">): number {
  let [from, to] = [Infinity, -Infinity];
  for (const { beganAt = Infinity, endedAt = -Infinity } of items) {
    from = Math.min(from, beganAt);
    to = Math.max(to, endedAt);
  }
  return Math.max(0, to - from);
}

/** No name holds any text of an item. */
function barLine({ from, to, index, count, hasFailed: isFailed }: Bar): string {
  const name = count === 1 ? `item ${index}` : `${count} items`;
  return `  ${name} : ${isFailed ? "crit, " : ""}${Math.round(from)}, ${Math.round(Math.max(to, from + 1))}`;
}

function rowsOf(results: ItemResults): readonly Row[] {
  const rows = new Map<
    string,
    { readonly task: number; readonly worker: number; readonly runs: HeardRun[] }
  >();
  let first = Infinity;
  for (const { item, seconds, hasFailed } of endedRuns(results)) {
    const { task, worker, beganAt: from, endedAt: to, index } = item;
    if (task === undefined || worker === undefined || from === undefined || to === undefined) continue;
    const row = rows.get(`${task} ${worker}`) ?? { task, worker, runs: [] };
    row.runs.push({ from, to, index, count: 1, hasFailed, ms: seconds * 1_000 });
    rows.set(`${task} ${worker}`, row);
    first = Math.min(first, from);
  }
  return [...rows.values()]
    .map(({ runs, ...row }) => ({ ...row, bars: barsOf(runs, first) }))
    .toSorted((one, other) => one.task - other.task || one.worker - other.worker);
}

/**
 * The runs of a worker as long as the container has measured them, one after the other. The step has heard of a begin and of an end some time later,
 * and of several at once. So each is drawn as late as what was heard allows. None is drawn before `first`, whatever a container tells.
 */
function barsOf(runs: readonly HeardRun[], first: number): readonly Bar[] {
  const bars: Bar[] = [];
  let next = Infinity;
  for (const { ms, ...run } of runs
    .toSorted((one, other) => one.to - other.to || one.from - other.from)
    .toReversed()) {
    const to = Math.max(first, Math.min(run.to, run.from + ms, next));
    next = Math.max(first, to - ms);
    bars.push({ ...run, from: next, to });
  }
  return bars.toReversed();
}

/** Joins bars until there are few enough, with none that was joined longer than it has to be. So the long items have bars of their own. */
function joinShort(rows: readonly Row[]): readonly Row[] {
  const joined = (longest: number): readonly Row[] =>
    rows.map((row) => ({ ...row, bars: joinBars(row.bars, longest) }));
  const fits = (longest: number): boolean =>
    joined(longest).reduce((sum, { bars }) => sum + bars.length, 0) <= MOST_BARS;
  if (fits(-1)) return rows;
  const bars = rows.flatMap((row) => row.bars);
  let [low, high] = [-1, Math.max(...bars.map(({ to }) => to)) - Math.min(...bars.map(({ from }) => from))];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return joined(high);
}

/** Bars of one worker, joined as long as a joined one lasts at most so many milliseconds. */
function joinBars(bars: readonly Bar[], longest: number): readonly Bar[] {
  const joined: Bar[] = [];
  for (const bar of bars) {
    const last = joined.at(-1);
    if (last === undefined || bar.to - last.from > longest) joined.push(bar);
    else
      joined[joined.length - 1] = {
        ...{ from: last.from, to: Math.max(last.to, bar.to), index: last.index },
        ...{ count: last.count + bar.count, hasFailed: last.hasFailed || bar.hasFailed },
      };
  }
  return joined;
}

/** How many workers have ended no item. */
function idle({ workers }: ItemResults, rows: readonly Row[]): number {
  return Math.max(0, workers.reduce((sum, count) => sum + count, 0) - rows.length);
}
