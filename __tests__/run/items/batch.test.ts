import { Batch } from "../../../src/run/items/batch.ts";

const RUN = { task: 1, worker: 2, beganAt: 5 };
const ENDED = { ...RUN, endedAt: 9, seconds: 4 };

function resultOf(indices: readonly number[], more: Partial<Pick<Batch, "state" | "last">>) {
  const batch = Object.assign(new Batch(0, indices), more);
  return batch.result(indices.at(-1) ?? 0, "a", "timed-out", (first) => [`lines of ${first}`]);
}

it.each<[string, Partial<Pick<Batch, "state" | "last">>, object]>([
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
  expect(resultOf([7], more)).toMatchObject(result);
});

it("an item that ran alone has no batch, and those of a batch name its first one", () => {
  expect(resultOf([7], {}).batch).toBeUndefined();
  expect(resultOf([7, 8], {}).batch).toBe(7);
});
