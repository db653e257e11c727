import {
  type ItemRecord,
  LARGEST_RECORD,
  parseRecord,
  writeRecord,
} from "../../../../src/run/items/rerun/record.ts";

const RECORD: ItemRecord = {
  ...{ attempt: 2, writer: "w", isContested: false, failedBy: undefined },
  program: { definition: "arn:d:1", image: "sha256:1" },
  successes: [
    { index: 0, seconds: 1.5, attempts: 1, task: 0, worker: 1, run: 1 },
    { index: 2, seconds: 0, attempts: 2, task: undefined, worker: undefined, run: 2 },
  ],
};

it("a record is read as it was written", () => {
  expect(parseRecord(writeRecord(RECORD), 3)).toEqual(RECORD);
  const unknown = { ...RECORD, program: undefined, successes: [] };
  expect(parseRecord(writeRecord(unknown), 3)).toEqual(unknown);
});

it("a contested record has nothing but that", () => {
  const bytes = writeRecord({ ...RECORD, isContested: true });
  expect(parseRecord(bytes, 3)).toEqual({ ...RECORD, isContested: true, program: undefined, successes: [] });
  expect(Buffer.from(bytes).toString()).not.toContain("succeeded");
});

it("the record of a step that failed by something else than its items has nothing but that", () => {
  const bytes = writeRecord({ ...RECORD, failedBy: "artifacts-missing" });
  const read = { ...RECORD, failedBy: "artifacts-missing", program: undefined, successes: [] };
  expect(parseRecord(bytes, 3)).toEqual(read);
});

it("the record of ten thousand items is read", () => {
  const successes = Array.from({ length: 10_000 }, (_, index) => ({
    ...{ index, seconds: 123_456_789.123, attempts: 1_000, task: 9_999, worker: 255, run: 2 },
  }));
  const bytes = writeRecord({ ...RECORD, successes });
  expect(bytes.length).toBeLessThan(LARGEST_RECORD);
  expect(parseRecord(bytes, 10_000)?.successes).toHaveLength(10_000);
});

const good = JSON.parse(Buffer.from(writeRecord(RECORD)).toString()) as Record<string, unknown>;
const row = [0, 1, 1, 0, 0, 1];

it.each<[string, unknown]>([
  ["no object", []],
  ["another format", { ...good, format: 2 }],
  ["no attempt", { ...good, attempt: 0 }],
  ["an attempt that is text", { ...good, attempt: "2" }],
  ["no writer", { ...good, writer: "" }],
  ["a long writer", { ...good, writer: "w".repeat(5_000) }],
  ["a program without an image", { ...good, program: { definition: "d" } }],
  ["a program that is text", { ...good, program: "d" }],
  ["no list", { ...good, succeeded: { length: 1 } }],
  [
    "more rows than items",
    { ...good, succeeded: [row, [1, ...row.slice(1)], [2, ...row.slice(1)], [3, ...row.slice(1)]] },
  ],
  ["an item twice", { ...good, succeeded: [row, row] }],
  ["an item beyond the list", { ...good, succeeded: [[3, ...row.slice(1)]] }],
  ["a negative item", { ...good, succeeded: [[-1, ...row.slice(1)]] }],
  ["half an item", { ...good, succeeded: [[0.5, ...row.slice(1)]] }],
  ["an item that never began", { ...good, succeeded: [[0, 1, 0, 0, 0, 1]] }],
  ["negative seconds", { ...good, succeeded: [[0, -1, 1, 0, 0, 1]] }],
  ["seconds that are text", { ...good, succeeded: [[0, "1", 1, 0, 0, 1]] }],
  ["a task without a worker", { ...good, succeeded: [[0, 1, 1, 0, null, 1]] }],
  ["an attempt that is still to come", { ...good, succeeded: [[0, 1, 1, 0, 0, 3]] }],
  ["a row with more in it", { ...good, succeeded: [[...row, 1]] }],
  ["a failure that is text", { ...good, succeeded: undefined, failedBy: "::error::x" }],
  ["a row that is none", { ...good, succeeded: [null] }],
])("is no record: %s", (_, value) => {
  expect(parseRecord(Buffer.from(JSON.stringify(value)), 3)).toBeUndefined();
});

it.each([
  ["nothing", Buffer.alloc(0)],
  ["no JSON", Buffer.from("{")],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ["very deep JSON", Buffer.from("[".repeat(200_000))],
])("is no record: %s, as bytes", (_, bytes) => {
  expect(parseRecord(bytes, 3)).toBeUndefined();
});
