import { cutResults, makeOutputs } from "../../src/report/outputs.ts";
import { itemEndLine } from "../../src/report/item-words.ts";
import type { ItemResults } from "../../src/report/item-results.ts";
import type { SeveralResults } from "../../src/report/result.ts";
import { anItem, someItems } from "./example-items.ts";
import { aResult } from "./example-results.ts";

const several = (items: ItemResults): SeveralResults => ({
  kind: "several",
  tasks: [aResult("exited", "0", "0")],
  items,
});
const resultsOf = (items: ItemResults): string => makeOutputs(several(items))["results"] ?? "";

it("the output 'results' has the items: failed ones first, then those without an end, then the others", () => {
  const results = someItems("0", "-", "?", "3", "0t", "0");
  expect(JSON.parse(resultsOf(results))).toMatchObject([
    { index: 3, outcome: "failed", exitCode: 3 },
    { index: 4, outcome: "timed-out", exitCode: 124 },
    { index: 2, outcome: "unknown", exitCode: null, seconds: null, task: 0, worker: 0 },
    { index: 1, outcome: "not-started", exitCode: null, seconds: null, task: null, worker: null },
    { index: 0, outcome: "succeeded", exitCode: 0 },
    { index: 5, outcome: "succeeded", exitCode: 0 },
  ]);
  expect((JSON.parse(resultsOf(results)) as object[])[0]).toEqual({
    ...{ item: "tests/3.py", index: 3, exitCode: 3, outcome: "failed", seconds: 1, attempts: 1 },
    ...{ task: 0, worker: 1 },
  });
  expect(cutResults(several(results))).toBeUndefined();
});

it("the output 'results' marks the items that were not run, because they had succeeded before", () => {
  const items = [anItem("0", 0, { carriedFrom: 1, seconds: 7 }), anItem("0", 1)];
  const entries = JSON.parse(resultsOf({ items, workers: [2] })) as object[];
  expect(entries[0]).toMatchObject({
    index: 0,
    outcome: "succeeded",
    exitCode: 0,
    seconds: 7,
    carriedFrom: 1,
  });
  expect(entries[1]).not.toHaveProperty("carriedFrom");
});

it("the output 'exit-code' is that of the first item that failed, and 'outcome' its outcome", () => {
  expect(makeOutputs(several(someItems("0", "3", "4")))).toMatchObject({
    "exit-code": "3",
    outcome: "failed",
  });
  expect(makeOutputs(several(someItems("0", "-")))).toMatchObject({
    "exit-code": "",
    outcome: "not-started",
  });
});

it.each([
  ["Latin", "a"],
  ["accents", "é"],
  ["Cyrillic", "ж"],
  ["Chinese", "试"],
  ["emoji", "🧪"],
])(
  "the output 'results' of very many items in %s is cut as GitHub counts, and keeps those that failed",
  (_, letter) => {
    const item = letter.repeat(300);
    const items = Array.from({ length: 10_000 }, (_, index) =>
      anItem(index >= 9_990 ? "1" : "0", index, { item: `${item}${index}` }),
    );
    const text = resultsOf({ items, workers: [2] });
    // GitHub takes 1 MiB in UTF-16 of all outputs of a workflow job.
    const bytes = Buffer.byteLength(text, "utf16le");
    expect(bytes).toBeLessThanOrEqual(768 * 1024);
    expect(bytes).toBeGreaterThan(760 * 1024);
    const entries = JSON.parse(text) as { index: number; outcome: string }[];
    expect(entries.slice(0, 11).map(({ index }) => index)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => 9_990 + i),
      0,
    ]);
    expect(cutResults(several({ items, workers: [2] }))).toEqual({
      ...{ count: entries.length, total: 10_000, file: undefined },
    });
    expect(cutResults(several({ items, workers: [2], file: "/w/artifacts/all.jsonl" }))?.file).toBe(
      "all.jsonl",
    );
  },
);

it("an item in the output 'results' is itself, in one harmless line of bounded length", () => {
  const item = `a\r::error::b\u001b[31m\u0085\u202e##[error]c"\\${"x".repeat(90_000)}`;
  const text = resultsOf({ items: [anItem("1", 0, { item })], workers: [1] });
  expect(text).not.toMatch(/##\[|\p{Cc}|\u202e/u);
  const [entry] = JSON.parse(text) as { item: string }[];
  expect(entry?.item).toBe(`${item.slice(0, 990)}… (item 0)`);
});

it("two items that begin alike have two names, in the output 'results' and in the log", () => {
  const beginning = "🧪".repeat(700);
  const items = [0, 1].map((index) => anItem("1", index, { item: `${beginning}${index}` }));
  const names = (JSON.parse(resultsOf({ items, workers: [1] })) as { item: string }[]).map(
    ({ item }) => item,
  );
  expect(names).toEqual(["0", "1"].map((index) => `${"🧪".repeat(495)}… (item ${index})`));
  expect(new Set(items.map((item) => itemEndLine(item))).size).toBe(2);
});

it("the directory of a file with all items is that of the artifacts, when no task has any", () => {
  const file = "/w/artifacts/all.jsonl";
  expect(makeOutputs(several({ ...someItems("0"), file }))["artifacts-path"]).toBe("/w/artifacts");
  expect(makeOutputs(several(someItems("0")))["artifacts-path"]).toBe("");
});

it("a step with other results has nothing to say of items", () => {
  expect(cutResults(aResult("exited", "0"))).toBeUndefined();
  expect(cutResults({ kind: "several", tasks: [aResult("exited", "0")] })).toBeUndefined();
});
