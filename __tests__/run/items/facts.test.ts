import { parseItemFact } from "../../../src/run/items/facts.ts";

it.each([
  ["got 12", { kind: "got", order: 12 }],
  ["begin 3 9 0", { kind: "begin", order: 3, index: 9, worker: 0 }],
  [
    "end 3 9 0 1.25 2",
    { kind: "end", order: 3, index: 9, indices: [9], exitCode: 0, seconds: 1.25, stopped: false, worker: 2 },
  ],
  [
    "end 3 9 143! 20 2",
    { kind: "end", order: 3, index: 9, indices: [9], exitCode: 143, seconds: 20, stopped: true, worker: 2 },
  ],
  [
    "end 3 9,10,2 1 20 2",
    {
      kind: "end",
      order: 3,
      index: 9,
      indices: [9, 10, 2],
      exitCode: 1,
      seconds: 20,
      stopped: false,
      worker: 2,
    },
  ],
  ["text 3  a \u2028 b", { kind: "text", index: 3, text: " a \u2028 b" }],
  ["back 4", { kind: "back", order: 4, batches: [] }],
  [
    "back 4 3.9 3.10",
    {
      ...{ kind: "back", order: 4 },
      batches: [
        { order: 3, index: 9 },
        { order: 3, index: 10 },
      ],
    },
  ],
])("reads %j", (text, fact) => {
  expect(parseItemFact(text)).toEqual(fact);
});

it.each([
  ...[
    "",
    "got",
    "got ",
    "got 01",
    "got -1",
    "got 1.0",
    "got 1 ",
    " got 1",
    "got 1\n",
    "got 1234567890",
    "GOT 1",
  ],
  ...["begin 1 2", "begin 1 2 3 4", "begin 1 2,3 4", "begin 1  2 3", "begin 1 x 3"],
  ...["end 1 2, 0 1.25 0", "end 1 ,2 0 1.25 0", "text 1", "text 1 ", "text x a", "text 1 a\nb"],
  ...["end 1 2 256 1.25 0", "end 1 2 -1 1.25 0", "end 1 2 0 1e3 0", "end 1 2 0 .5 0", "end 1 2 0 1.2345 0"],
  ...["end 1 2 0 NaN 0", "end 1 2 0 1.25", "end 1 2 0 ! 1.25 0", "end 1 2 0!! 1.25 0", "end 1 2 0 1.25 0 0"],
  ...[
    "back",
    "back 4 3",
    "back 4 3.",
    "back 4 3.9,3.10",
    "back 4  3.9",
    "back 4 3.9 ",
    `back 4${" 3.9".repeat(3000)}`,
  ],
  ...["give 1", "end", "toString 1"],
])("%j is no fact", (text) => {
  expect(parseItemFact(text)).toBeUndefined();
});
