import { Batch } from "../../../src/run/items/batch.ts";
import { Item } from "../../../src/run/items/item.ts";
import { Pace } from "../../../src/run/items/pace.ts";

const batchOf = (weight: number, isGuess = true): Batch =>
  new Batch(1, [new Item({ index: 0, text: "a", place: 0, weight, isGuess })]);

/** A pace that has heard of batches with these weights and seconds. */
function paceOf(...ends: readonly (readonly [weight: number, seconds: number])[]): Pace {
  const pace = new Pace(undefined);
  for (const [weight, seconds] of ends) {
    pace.begin(batchOf(weight), 0);
    pace.end(batchOf(weight), 0, seconds);
  }
  return pace;
}

it("nothing is known before the first end, unless items were timed before", () => {
  const pace = new Pace(undefined);
  expect([pace.mean, pace.likely(0)]).toEqual([undefined, undefined]);
  expect(new Pace(7).mean).toBe(1);
  expect(new Pace(7).likely(0)).toEqual({ start: 0, each: 1 });
});

it("batches of one size have no start that could be seen", () => {
  expect(paceOf([2, 8], [2, 4], [2, 6]).likely(0)).toEqual({ start: 0, each: 3 });
});

it("batches of several sizes tell what a start takes", () => {
  const ends = Array.from({ length: 50 }, (_, at): [number, number] => [
    1 + (at % 9),
    4 + 2 * (1 + (at % 9)),
  ]);
  const { start = NaN, each = NaN } = paceOf(...ends).likely(0) ?? {};
  expect(start).toBeGreaterThan(3);
  expect(start).toBeLessThanOrEqual(4);
  expect(start + 5 * each).toBeCloseTo(14, 1);
});

it("large batches that were fast have no negative start, and their items take some time", () => {
  expect(paceOf([1, 1], [9, 90]).likely(0)?.start).toBe(0);
  const odd = paceOf([1, 90], [9, 1]).likely(0);
  expect(odd?.each).toBeGreaterThan(0);
});

it("older ends are forgotten, and what is known of earlier runs is, too", () => {
  const pace = new Pace(1);
  for (let end = 0; end < 400; end += 1) {
    pace.begin(batchOf(1, false), 0);
    pace.end(batchOf(1, false), 0, 3);
  }
  expect(pace.mean).toBeCloseTo(3, 2);
});

it("what guessed ones that run have taken already counts, and that of timed ones does not", () => {
  const pace = paceOf([1, 1]);
  pace.begin(batchOf(1, false), 0);
  expect(pace.likely(9_000)?.each).toBe(1);
  pace.begin(batchOf(1), 0);
  expect(pace.likely(9_000)?.each).toBe(10);
  pace.end(batchOf(1), 0, undefined);
  expect(pace.likely(9_000)?.each).toBe(1);
});
