import { Item } from "../../../src/run/items/item.ts";

const RUN = { task: 1, worker: 2, beganAt: 5 };
const ENDED = { ...RUN, endedAt: 9, seconds: 4 };

function resultOf(more: Partial<Pick<Item, "state" | "last">>) {
  const item = new Item({ index: 7, text: "a", place: 0, weight: 1, isGuess: true });
  return Object.assign(item, more).result("timed-out", (index) => [`lines of ${index}`]);
}

it.each<[string, Partial<Pick<Item, "state" | "last">>, object]>([
  ["never began", {}, { outcome: "not-started", exitCode: undefined, lastLines: [] }],
  [
    "succeeded",
    { state: "over", last: { ...ENDED, outcome: "succeeded", exitCode: 0 } },
    { outcome: "succeeded", exitCode: 0, seconds: 4, endedAt: 9, lastLines: [] },
  ],
  [
    "failed",
    { state: "over", last: { ...ENDED, outcome: "failed", exitCode: 3 } },
    { outcome: "failed", exitCode: 3, lastLines: ["lines of 7"] },
  ],
  [
    "answered the timeout with exit code 0",
    { state: "over", last: { ...ENDED, outcome: "stopped", exitCode: 0 } },
    { outcome: "timed-out", exitCode: 124, lastLines: ["lines of 7"] },
  ],
  [
    "was lost while it ran",
    { state: "lost", last: { ...RUN, outcome: "unknown" } },
    { outcome: "unknown", exitCode: undefined, task: 1, worker: 2, lastLines: [] },
  ],
  [
    "failed, and may be running again",
    { state: "stock", last: { ...ENDED, outcome: "failed", exitCode: 3 } },
    { outcome: "unknown", exitCode: undefined, seconds: undefined, endedAt: undefined, lastLines: [] },
  ],
])("the result of an item that %s", (_, more, result) => {
  expect(resultOf(more)).toMatchObject(result);
});
