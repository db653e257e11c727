import {
  hashItem,
  LARGEST_RECORD,
  learnTimes,
  parseTimes,
  type TimesRecord,
  writeTimes,
} from "../../../src/run/items/times-record.ts";

const DAY = 24 * 60 * 60 * 1000;
const TODAY = 20_000;
const [A, B, C] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;

const recordOf = (times: Readonly<Record<string, readonly [number, number]>>): TimesRecord =>
  new Map(Object.entries(times).map(([hash, [seconds, day]]) => [hash, { seconds, day }]));
const learn = (record: TimesRecord, taken: Readonly<Record<string, number>>): unknown =>
  Object.fromEntries(
    [...learnTimes(record, new Map(Object.entries(taken)), TODAY * DAY + 5)].map(
      ([hash, { seconds, day }]) => [hash, [seconds, day]],
    ),
  );

it("a record is read as it was written", () => {
  const record = recordOf({ [B]: [12.3456, TODAY], [A]: [0, TODAY - 3] });
  const bytes = writeTimes(record);
  expect(Buffer.from(bytes).toString()).toBe(`{"items":{"${A}":[0,19997],"${B}":[12.346,20000]}}`);
  expect(parseTimes(bytes)).toEqual(recordOf({ [A]: [0, TODAY - 3], [B]: [12.346, TODAY] }));
});

it.each<[string, string]>([
  ["no JSON", "{"],
  ["no bytes", ""],
  ["no object", "[]"],
  ["no items", "{}"],
  ["items that are a list", '{"items":[]}'],
  ["a hash with other characters", '{"items":{"AAAAAAAAAAAA":[1,2]}}'],
  ["a short hash", '{"items":{"aaaa":[1,2]}}'],
  ["the name of a prototype", '{"items":{"__proto__":[1,2]}}'],
  ["a time that is no number", `{"items":{"${A}":["1",2]}}`],
  ["a negative time", `{"items":{"${A}":[-1,2]}}`],
  ["a time without end", `{"items":{"${A}":[1e999,2]}}`],
  ["a part of a day", `{"items":{"${A}":[1,2.5]}}`],
  ["a day too many", `{"items":{"${A}":[1,100000]}}`],
  ["a third number", `{"items":{"${A}":[1,2,3]}}`],
  ["no number", `{"items":{"${A}":null}}`],
])("%s is no record", (_, text) => {
  expect(parseTimes(Buffer.from(text))).toBeUndefined();
});

it("other bytes than UTF-8 are no record", () => {
  expect(parseTimes(Buffer.from('{"items":{},"x":"\xff"}', "latin1"))).toBeUndefined();
});

it("a record has 20,000 items at most", () => {
  const hashes = Array.from({ length: 20_001 }, (_, index) => index.toString(16).padStart(12, "0"));
  const many = recordOf(Object.fromEntries(hashes.map((hash) => [hash, [999_999_999, 99_999]] as const)));
  expect(parseTimes(writeTimes(many))).toBeUndefined();
  const learnt = learnTimes(many, new Map([[A, 1]]), 99_999 * DAY);
  expect(learnt.size).toBe(20_000);
  const bytes = writeTimes(learnt);
  expect(parseTimes(bytes)?.size).toBe(20_000);
  expect(bytes.length).toBeLessThanOrEqual(LARGEST_RECORD);
});

it.each<
  [
    string,
    Record<string, readonly [number, number]>,
    Record<string, number>,
    Record<string, [number, number]>,
  ]
>([
  ["the first time of an item is kept as it is", {}, { [A]: 8 }, { [A]: [8, TODAY] }],
  ["a later time counts half", { [A]: [8, TODAY - 1] }, { [A]: 2 }, { [A]: [5, TODAY] }],
  ["an item that did not run keeps time and day", { [A]: [8, TODAY - 30] }, {}, { [A]: [8, TODAY - 30] }],
  ["an item that has not succeeded for more than 30 days is forgotten", { [A]: [8, TODAY - 31] }, {}, {}],
  ["a day that is still to come becomes today", { [A]: [8, TODAY + 9] }, {}, { [A]: [8, TODAY] }],
])("%s", (_, before, taken, after) => {
  expect(learn(recordOf(before), taken)).toEqual(after);
});

it("when there are too many items, those are forgotten that have not succeeded for longest", () => {
  const old = Array.from({ length: 20_000 }, (_, index) => index.toString(16).padStart(12, "0"));
  const before = recordOf({
    [C]: [1, TODAY - 20],
    ...Object.fromEntries(old.map((hash) => [hash, [1, TODAY - 10]] as const)),
  });
  const after = learnTimes(before, new Map([[B, 1]]), TODAY * DAY);
  expect([after.has(B), after.has(C), after.size]).toEqual([true, false, 20_000]);
});

it("an item has a hash of its own in each record, from which its text can't be read", () => {
  const hashes = [hashItem("one", "a b"), hashItem("one", "a c"), hashItem("two", "a b")];
  expect(new Set(hashes).size).toBe(3);
  for (const hash of hashes) expect(hash).toMatch(/^[\da-f]{12}$/);
  expect(hashItem("one", "a b")).toBe(hashes[0]);
});
