import { itemSection } from "../../src/report/item-section.ts";
import type { ItemResult, ItemResults, SharedRun } from "../../src/report/item-results.ts";
import type { SeveralResults } from "../../src/report/result.ts";
import { scriptSummaries } from "../../src/report/script-summaries.ts";
import { makeSummary } from "../../src/report/summary.ts";
import { expectGolden } from "../helpers/golden.ts";
import { anItem, someItems } from "./example-items.ts";
import { aResult, aStep, NO_TIME, someFacts } from "./example-results.ts";
import { HOSTILE, PLAIN, renderMarkdown } from "./rendered.ts";

const DONE = aResult("exited", "0", "0");
const several = (items: ItemResults, tasks = 1): SeveralResults => ({
  kind: "several",
  tasks: Array.from({ length: tasks }, () => DONE),
  items,
});
const summaryOf = (...args: Parameters<typeof several>): string =>
  makeSummary(several(...args), aStep, NO_TIME);

/** Items that all failed, each a tenth of a second on one of so many workers. */
function manyItems(count: number, workers: number, more: Partial<ItemResult> = {}): ItemResults {
  const items = Array.from({ length: count }, (_, index) => {
    const beganAt = 100 * Math.floor(index / workers);
    const place = { task: index % workers, worker: 0, beganAt, endedAt: beganAt + 100, seconds: 0.1 };
    return anItem("1", index, { ...place, ...more });
  });
  return { items, workers: Array.from({ length: workers }, () => 1) };
}

/** When and where an item ran. */
function timesOf({ task, worker, beganAt, endedAt, seconds }: ItemResult): Partial<ItemResult> {
  return { task, worker, beganAt, endedAt, seconds };
}

/** A run of a batch. */
const shared = (number: number, seconds = 1): SharedRun => ({
  ...{ number, seconds, share: seconds / 2, isReported: false },
});

const barsOf = (summary: string): readonly string[] => summary.match(/^ {2}[^\n:]+ : .*\d+, \d+$/gm) ?? [];

it("the summary of items that failed is the text of its golden file", () => {
  const results = someItems("0", "2", "143t", "?", "-", "0");
  const lastLines = ["FAILED tests/1.py::test_a", "1 failed in 0.12s"];
  const items = results.items.map((item) => (item.index === 1 ? { ...item, lastLines } : item));
  expectGolden("summary-items.md", summaryOf({ items, workers: [2, 1] }, 2));
});

it("the summary of items that succeeded is the text of its golden file", () => {
  expectGolden("summary-items-succeeded.md", summaryOf(someItems("0", "0", "0")));
});

it("the summary names the first fifty items that failed, and says how many more there are", () => {
  const text = summaryOf(manyItems(120, 4));
  expect(text).toContain("| 49 | `tests/49.py` | failed |");
  expect(text).not.toContain("| 50 | `tests/50.py` | failed |");
  expect(text).toContain("… and 70 more.");
});

it("the summary has the ten slowest items, a batch once", () => {
  const items = Array.from({ length: 30 }, (_, index) => anItem("0", index, { seconds: index }));
  const batch = [30, 31].map((index) => anItem("0", index, { seconds: 100, batch: shared(1, 100) }));
  const text = itemSection({ items: [...items, ...batch], workers: [2] }).join("\n");
  const slowest = [...text.matchAll(/^\| (\d+) \| `[^`]+` \| [\d.]+ \|/gm)].map(([, index]) => Number(index));
  expect(slowest).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
  expect(text).toContain("the items took 535.0 s together");
});

it("an item that was not run, because it had succeeded before, is neither slow nor in the chart", () => {
  const carried = { carriedFrom: 1, seconds: 900, beganAt: undefined, endedAt: undefined };
  const results = { items: [anItem("0", 0, carried), anItem("0", 1)], workers: [2] };
  const summary = summaryOf(results);
  expect(summary).toContain("2 of 2 items ended, 1 of them before this run");
  expect(summary).toContain("the items took 1.0 s together");
  expect(summary).not.toContain("900");
  expect(barsOf(summary)).toHaveLength(1);
});

it("the chart has a row for each worker, and a red bar for an item that failed", () => {
  const text = itemSection(someItems("0", "2", "0")).join("\n");
  expect(text).toContain(
    [
      "  section task 0, worker 0",
      "  item 0 : 0, 1000",
      "  item 2 : 2000, 3000",
      "  section task 0, worker 1",
      "  item 1 : crit, 1000, 2000",
      "```",
    ].join("\n"),
  );
});

it("the chart of many items has at most 200 bars, in which a long item keeps its own", () => {
  const { items, workers } = manyItems(10_000, 80);
  const last = items.at(-1)?.endedAt ?? 0;
  const long = anItem("0", 10_000, {
    task: 7,
    worker: 0,
    beganAt: last,
    endedAt: last + 60_000,
    seconds: 60,
  });
  const text = itemSection({ items: [...items, long], workers: [...workers, 3] }).join("\n");
  expect(barsOf(text).length).toBeLessThanOrEqual(200);
  expect(barsOf(text).length).toBeGreaterThanOrEqual(80);
  expect(text).toContain(`  item 10000 : ${last}, ${last + 60_000}\n`);
  expect(text).toContain("A bar may be several items in a row. 3 workers got no item.");
  expect(text.match(/^ {2}section /gm)).toHaveLength(80);
});

it("a bar of several items is red when one of them has failed", () => {
  const { items, workers } = manyItems(1_000, 4);
  const mixed = items.map((item, index) => (index === 501 ? item : anItem("0", index, timesOf(item))));
  const bars = barsOf(itemSection({ items: mixed, workers }).join("\n"));
  const red = bars.filter((bar) => bar.includes("crit"));
  expect([bars.length > 100, red]).toEqual([true, [expect.stringMatching(/^ {2}\d+ items : crit, /)]]);
});

it("the chart of more workers than bars says how many it leaves out", () => {
  const text = itemSection(manyItems(500, 250)).join("\n");
  expect(barsOf(text)).toHaveLength(200);
  expect(text).toContain("… and 50 more workers.");
});

it("the bars have the times that the container tells, although the step hears of the begins and the ends later", () => {
  const heard = (index: number, beganAt: number, endedAt: number, seconds: number): ItemResult =>
    anItem("0", index, { worker: 0, beganAt, endedAt, seconds });
  const items = [
    heard(0, 1_000, 2_000, 0.1),
    // Three in one piece of the output, and the end of the last one in the next.
    heard(1, 5_000, 5_000, 1),
    heard(2, 5_000, 5_000, 0.5),
    heard(3, 5_000, 7_400, 0.25),
    // Longer than all: a container can tell anything.
    anItem("0", 4, { worker: 1, beganAt: 6_000, endedAt: 7_000, seconds: 1e8 }),
  ];
  expect(barsOf(itemSection({ items, workers: [2] }).join("\n"))).toEqual([
    ...["  item 0 : 1000, 1100", "  item 1 : 3500, 4500", "  item 2 : 4500, 5000", "  item 3 : 5000, 5250"],
    "  item 4 : 1000, 7000",
  ]);
});

it("the items of a batch have one bar together", () => {
  const items = [0, 1, 2].map((index) =>
    anItem("0", index, { batch: shared(1), worker: 0, beganAt: 5, endedAt: 9 }),
  );
  expect(barsOf(itemSection({ items, workers: [1] }).join("\n"))).toEqual(["  item 0 : 5, 9"]);
});

it("the summary of items of which none began has neither chart nor table", () => {
  expect(itemSection(someItems("-", "-"))).toEqual([
    "#### Items: 0 of 2 items ended; 2 did not begin",
    "",
    "0.0 s from the first begin to the last end; the items took 0.0 s together.",
    "",
  ]);
});

it("the summary takes no item for Markdown, HTML or a link", () => {
  for (const item of [...HOSTILE, HOSTILE.join(" "), "x".repeat(90_000)]) {
    const lastLines = ["last", item, "```", "</details>"];
    const items = ["3", "?", "0"].map((end, i) =>
      anItem(end, i, { item, lastLines: i === 0 ? lastLines : [] }),
    );
    const text = summaryOf({ items, workers: [2] });
    const { types, links, literals, texts, html } = renderMarkdown(text);
    expect([...types].filter((type) => !PLAIN.has(type)).toSorted()).toEqual(["fence", "html_block"]);
    expect(
      links.filter((one) => !one.startsWith("https://eu-central-1.") && !one.startsWith(aStep.page)),
    ).toEqual([]);
    expect(texts.join(" ")).not.toMatch(/example|mallory|words|heading/);
    expect(html.join("")).toMatch(/^(?:<\/?(?:details|summary)>|[\w :.]|\n)*$/);
    if (item.includes("example.com") && item.length < 200)
      expect(literals.join(" ")).toContain("https://example.com");
    const rows = text.split("\n").filter((line) => /^\| \d+ \| `/.test(line));
    for (const row of rows) expect(row.length).toBeLessThan(300);
    for (const bar of barsOf(text)) expect(bar).toMatch(/^ {2}item \d+ : (?:crit, )?\d+, \d+$/);
  }
});

it("the summary fits when ten thousand items of long names have failed with long lines", () => {
  const lastLines = Array.from({ length: 20 }, () => "\u{1F680}".repeat(500));
  const items = manyItems(10_000, 80, { item: "\u{1F680}".repeat(1_000), lastLines });
  const result = several(items, 80);
  const own = makeSummary(result, aStep, { from: 0, to: 5_000 });
  const all = own + scriptSummaries(result, Buffer.byteLength(own));
  expect(Buffer.byteLength(all)).toBeLessThan(600 * 1024);
  expect(own).toMatch(/The output `results` has \d+ of 10000 items, those that did not succeed first\./);
});

it("the last lines of a task stand in the summary when no item has its own", () => {
  const task = someFacts({ lastLines: "of the task" });
  const result = { ...several(someItems("2")), tasks: [{ ...DONE, task }] };
  expect(makeSummary(result, aStep, NO_TIME)).toContain("of the task");
  const items = { items: [anItem("2", 0, { lastLines: ["of the item"] })], workers: [2] };
  const own = makeSummary({ ...result, items }, aStep, NO_TIME);
  expect(own).toContain(
    "<summary>The last lines of item 0</summary>\n\n`tests/0.py`\n\n```text\nof the item\n```",
  );
  expect(own).not.toContain("of the task");
});

it("the last lines of a batch stand once, with the item that has them", () => {
  const [none, lastLines] = [[], ["of the batch"]];
  const items = [3, 4].map((index) =>
    anItem("2", index, { batch: shared(1), lastLines: index === 4 ? lastLines : none }),
  );
  const text = itemSection({ items, workers: [2] }).join("\n");
  expect(text.match(/of the batch$/gm)).toHaveLength(1);
  expect(text).toContain("<summary>The last lines of the batch of item 4</summary>");
});

it("items of a batch that were reported have times of their own, and its bar is red when one has failed", () => {
  const batch = { ...shared(1, 9), isReported: true };
  const place = { worker: 0, beganAt: 0, endedAt: 9_000 };
  const items = [
    anItem("0", 0, { ...place, batch, seconds: 2 }),
    anItem("1", 1, { ...place, batch, seconds: 6 }),
    anItem("0", 2, { ...place, batch: { ...batch, isReported: false }, seconds: 9 }),
    anItem("0", 3, { ...place, batch: { ...batch, isReported: false }, seconds: 9 }),
  ];
  const text = itemSection({ items, workers: [1] }).join("\n");
  const slowest = [...text.matchAll(/^\| (\d+) \| `[^`]+` \| ([\d.]+) \|/gm)].map(([, ...cells]) => cells);
  expect(slowest).toEqual([
    ["2", "9.00"],
    ["1", "6.00"],
    ["0", "2.00"],
  ]);
  expect(barsOf(text)).toEqual(["  item 0 : crit, 0, 9000"]);
  expect(text).toContain("the items took 9.0 s together");
});
