import { LARGEST_ITEM } from "../../../src/inputs/item-list.ts";
import { BatchMaker, type MakerNews } from "../../../src/run/items/batch-maker.ts";
import { Item } from "../../../src/run/items/item.ts";
import { WaitingLine } from "../../../src/run/items/waiting-line.ts";

/** Items of these weights. */
const itemsOf = (weights: readonly number[], text = "item"): readonly Item[] =>
  weights.map((weight, index) => new Item({ index, text, place: index, weight, isGuess: false }));

/** The sizes of the batches of all items, when so many workers take them. */
function sizes(size: number | "auto", items: readonly Item[], more: Partial<MakerNews> = {}): number[] {
  const maker = new BatchMaker(size, items);
  const waiting = new WaitingLine(items);
  let weight = items.reduce((sum, item) => sum + item.weight, 0);
  const found: number[] = [];
  for (;;) {
    const batch = maker.next({ waiting, weight, workers: 4, pace: undefined, ...more });
    if (batch === undefined) return found;
    weight -= batch.weight;
    found.push(batch.items.length);
  }
}

const many = (count: number, weight = 1): readonly number[] => Array<number>(count).fill(weight);

it("a number is the size of each batch but the last one", () => {
  expect(sizes(3, itemsOf(many(8)))).toEqual([3, 3, 2]);
});

it("auto is a part of the list as long as nothing is known, and less towards the end", () => {
  const found = sizes("auto", itemsOf(many(320)));
  expect(found.slice(0, 10)).toEqual([...many(10, 10)]);
  expect(found.toSorted((a, b) => b - a)).toEqual(found);
  expect(found.at(-1)).toBe(1);
});

it("auto is half a minute of work, and two seconds at the end", () => {
  const found = sizes("auto", itemsOf(many(800)), { pace: { start: 0, each: 0.5 } });
  expect(found.slice(0, 5)).toEqual([60, 60, 60, 60, 60]);
  expect(found.slice(-4, -1)).toEqual([4, 4, 4]);
});

it.each([
  ["has less work the longer a start takes", { start: 10, each: 1 }, 20, 10],
  ["has as much work as a start takes at least", { start: 40, each: 1 }, 40, 40],
])("auto %s", (_, pace, most, least) => {
  const found = sizes("auto", itemsOf(many(800)), { pace });
  expect(found[0]).toBe(most);
  expect(found.at(-2)).toBe(least);
});

it("auto counts what each item is likely to take", () => {
  const items = itemsOf([40, 20, 10, 10, ...many(200)]);
  const found = sizes("auto", items, { workers: 1, pace: { start: 0, each: 1 } });
  expect(found.slice(0, 3)).toEqual([1, 2, 21]);
});

it("auto leaves little work for several batches of each worker, however fast the first items were", () => {
  const found = sizes("auto", itemsOf(many(64)), { pace: { start: 0, each: 0.001 } });
  expect(Math.max(...found.slice(1))).toBeLessThanOrEqual(8);
});

it("a batch has neither more than 500 items nor more than 96 KiB", () => {
  const pace = { start: 0, each: 0 };
  expect(sizes("auto", itemsOf(many(9_000)), { workers: 1, pace })[0]).toBe(500);
  const long = itemsOf(many(90), "x".repeat(LARGEST_ITEM / 3));
  expect(sizes("auto", long, { workers: 1, pace })[0]).toBe(2);
  expect(sizes(5, long)[0]).toBe(2);
});

it("items that run for the second time are not mixed with others", () => {
  const items = itemsOf(many(4));
  for (const item of items.slice(1, 3)) item.begins = 1;
  expect(sizes(9, items)).toEqual([1, 2, 1]);
});

it("it tells how large the next batch is likely to be", () => {
  const items = itemsOf(many(400));
  const waiting = new WaitingLine(items);
  const news = { waiting, weight: 400, workers: 4, pace: { start: 0, each: 1 } };
  expect(new BatchMaker(30, items).likelyWeight(news)).toBe(30);
  expect(new BatchMaker("auto", items).likelyWeight(news)).toBe(30);
});

it("the indices of a batch ascend, in whatever order its items wait", () => {
  const items = itemsOf(many(5)).toReversed();
  const news = { waiting: new WaitingLine(items), weight: 5, workers: 1, pace: undefined };
  expect(new BatchMaker(3, items).next(news)?.indices).toEqual([2, 3, 4]);
});
