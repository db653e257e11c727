import type { OutputItem } from "../../../src/carriers/stream/items.ts";
import { AttachedItems } from "../../../src/run/items/attached-items.ts";
import { Listener } from "../../helpers/listener.ts";
import { itemDirectories } from "./directories.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const log = new Listener();
const attach = (total: number): AttachedItems => {
  log.lines.length = 0;
  return new AttachedItems({
    total,
    workers: 1,
    directories: itemDirectories(),
    clock: new SteppedClock(),
    log,
  });
};
const tell = (items: AttachedItems, ...facts: readonly string[]): void => {
  for (const text of facts) items.take({ kind: "item-fact", text });
};
const printed = (words: string): OutputItem => ({
  ...{ kind: "text", stream: "stdout", source: "", bytes: Buffer.from(words), ends: true },
});
const rows = (items: AttachedItems): readonly unknown[] =>
  items
    .end()
    .items.map(({ item, outcome, exitCode, batch, lastLines }) => [
      ...[item, outcome, exitCode],
      ...(batch === undefined ? [] : [batch.isReported ? "reported" : "of a batch"]),
      ...lastLines,
    ]);

it("ends that were heard before the step came are told again, with the texts, at the end of the job", () => {
  const items = attach(4);
  tell(items, "begin 1 3 0");
  items.take(printed("of d"));
  tell(items, "end 1 3 5 1.5 0");
  tell(items, "end 1 0,1 0 2 0", "end 1 3 5 1.5 0", "text 0 a", "text 1 b", "text 2 c", "text 3 d");
  items.leave({ heardAll: true });
  expect(rows(items)).toEqual([
    ["a", "succeeded", 0, "of a batch"],
    ["b", "succeeded", 0, "of a batch"],
    ["c", "not-started", undefined],
    ["d", "failed", 5, "of d"],
  ]);
  expect(log.lines).toEqual(["Item 'item 3' failed with exit code 5 after 1.5 s in task 0, worker 0."]);
});

it("items of a batch have the ends that the script has reported, and each failed one has a line", () => {
  const items = attach(3);
  tell(items, "begin 1 0 0");
  items.take(printed("of the batch"));
  tell(items, "item 1 0 0 0.5", "item 1 1 4 0.25", "item 1 9 4 0.25", "end 1 0,1,2 1 2 0");
  items.leave({ heardAll: true });
  expect(rows(items)).toEqual([
    ["item 0", "succeeded", 0, "reported"],
    ["item 1", "failed", 4, "reported", "of the batch"],
    ["item 2", "failed", 1, "of a batch"],
  ]);
  expect(log.lines).toEqual([
    "Item 'item 2' failed with exit code 1 after 2.0 s in task 0, worker 0.",
    "Item 'item 1' failed with exit code 4 after 0.3 s in task 0, worker 0.",
  ]);
});

it("reports that the step has not heard before their end count when both are told again, and each failed item has one line", () => {
  const items = attach(3);
  tell(items, "item 1 2 4 0.5", "end 1 2 0 1.000 0", "end 1 0,1 0 1.000 0");
  const again = ["item 1 0 1 0.5", "item 1 1 0 0.5", "end 1 0,1 0 1.000 0"];
  tell(items, "item 1 2 4 0.5", "end 1 2 0 1.000 0", ...again, ...again);
  tell(items, "text 0 a", "text 1 b", "text 2 c");
  items.leave({ heardAll: true });
  expect(rows(items)).toEqual([
    ["a", "failed", 1, "reported"],
    ["b", "succeeded", 0, "reported"],
    ["c", "failed", 4, "reported"],
  ]);
  expect(log.lines).toEqual([
    "Item 'item 2' failed with exit code 4 after 0.5 s in task 0, worker 0.",
    "Item 'item 0' failed with exit code 1 after 0.5 s in task 0, worker 0.",
  ]);
});

it("a report that comes with the repetition can make an item succeed in a run that failed", () => {
  const items = attach(2);
  tell(items, "end 1 0,1 1 1.000 0", "item 1 0 1 0.5", "item 1 1 0 0.5", "end 1 0,1 1 1.000 0");
  items.leave({ heardAll: true });
  expect(rows(items)).toEqual([
    ["item 0", "failed", 1, "reported"],
    ["item 1", "succeeded", 0, "reported"],
  ]);
  expect(log.lines).toEqual([
    "Item 'item 0' failed with exit code 1 after 1.0 s in task 0, worker 0. So has the other one of its batch.",
  ]);
});

it("of a job that was lost only those ends are certain whose begin the step has heard, too", () => {
  const items = attach(4);
  tell(items, "end 1 1 0 2 0", "end 1 2 7 2 0", "begin 1 3 0", "end 1 3 0 2 0");
  items.leave({});
  expect(rows(items)).toEqual([
    ["item 0", "unknown", undefined],
    ["item 1", "unknown", undefined],
    ["item 2", "failed", 7],
    ["item 3", "succeeded", 0],
  ]);
});

it("a container that packs for many orders has one directory for each item", () => {
  const items = attach(2);
  for (let order = 1; order <= 1_000; order += 1) {
    const fact: OutputItem = { kind: "item-fact", text: `pack ${order} 0 fx` };
    items.jobDirectories.note(fact, 1_000 - order);
  }
  // Those of other orders would begin earlier.
  expect(items.jobDirectories.openSince).toBe(999);
});

it.each([["timed-out", 124] as const, ["cancelled", 130] as const])(
  "what ended while the job was being stopped is %s",
  (why, code) => {
    const items = attach(1);
    tell(items, "end 1 0 143! 2 0");
    items.close(why);
    expect(rows(items)).toEqual([["item 0", why, code]]);
    expect(log.lines).toEqual([]);
  },
);

it("a container that tells of other items, or of an end twice, changes nothing", () => {
  const items = attach(1);
  tell(
    items,
    "end 1 1 0 2 0",
    "end 1 0,1 0 2 0",
    "begin 1 1 0",
    "text 1 x",
    "back 3 1.0",
    "end 1 0 1 2 0",
    "end 1 0 0 2 0",
  );
  expect(rows(items)).toEqual([["item 0", "failed", 1]]);
});

it("items whose beginning alone is told have two names", () => {
  const items = attach(3);
  const beginning = "é".repeat(500);
  tell(
    items,
    "end 1 0,1,2 0 1 0",
    `text 0 ${beginning}\ufffd`,
    `text 1 ${beginning}a`,
    `text 2 ${beginning}`,
  );
  items.leave({ heardAll: true });
  expect(items.end().items.map(({ item }) => item)).toEqual([
    `${beginning}… (item 0)`,
    `${beginning}a… (item 1)`,
    beginning,
  ]);
});
