import { longestFirst } from "../../../src/run/items/longest-first.ts";

it.each<[string, (number | undefined)[], number[], number]>([
  ["the longest begins first", [1, 3, 2], [1, 2, 0], 3],
  ["items of the same length stay in the order of the list", [2, 5, 2, 5], [1, 3, 0, 2], 4],
  ["an unknown item counts as the mean of the known ones", [1, undefined, 9, 4], [2, 1, 3, 0], 3],
  ["items of which none is known stay in the order of the list", [undefined, undefined], [0, 1], 0],
  ["an item that takes no time is known", [undefined, 0, 4], [2, 0, 1], 2],
])("%s", (_, seconds, order, known) => {
  expect(longestFirst(seconds)).toMatchObject({ order, known });
});

it.each([
  ["are expected when at least half of the items are known", [1, undefined, 3, undefined], true],
  [
    "are not expected when fewer are known, since these say nothing of the others",
    [1, undefined, undefined],
    false,
  ],
] as const)("times %s", (_, seconds, isExpected) => {
  expect(longestFirst(seconds).expectedSeconds).toEqual(isExpected ? seconds : []);
});
