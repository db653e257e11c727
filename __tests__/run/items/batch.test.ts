import { Batch } from "../../../src/run/items/batch.ts";
import { Item } from "../../../src/run/items/item.ts";

const itemOf = (index: number): Item =>
  new Item({ index, text: `item ${index}`, place: index, weight: 1, isGuess: true });

/** The end of a run: an exit code, with `!` when it was stopped. */
function endsOf(end: string, reports: Readonly<Record<number, number>>): readonly string[] {
  const batch = new Batch(1, [itemOf(0), itemOf(1), itemOf(2)]);
  for (const [index, exitCode] of Object.entries(reports))
    batch.report(Number(index), { exitCode, seconds: 2 });
  const [exitCode, stopped] = [Number.parseInt(end, 10), end.endsWith("!")];
  return batch
    .ends({ kind: "end", order: 1, index: 0, indices: [0, 1, 2], exitCode, seconds: 9, stopped, worker: 0 })
    .map(({ outcome, exitCode: code, seconds, batch: shared }) =>
      [outcome, code, seconds, ...(shared?.isReported === true ? ["reported"] : [])].join(" "),
    );
}

const [GREEN, RED] = ["succeeded 0 2 reported", "failed 3 2 reported"];

it.each<[string, string, Readonly<Record<number, number>>, readonly [string, string, string]]>([
  ["0 and no report: all succeed", "0", {}, ["succeeded 0 9", "succeeded 0 9", "succeeded 0 9"]],
  ["0 and some reports: the others succeed", "0", { 1: 0 }, ["succeeded 0 9", GREEN, "succeeded 0 9"]],
  ["0 and a failed report: that one fails", "0", { 1: 3 }, ["succeeded 0 9", RED, "succeeded 0 9"]],
  ["1 and no report: all fail", "1", {}, ["failed 1 9", "failed 1 9", "failed 1 9"]],
  ["1 and green reports: the others fail", "1", { 0: 0, 2: 0 }, [GREEN, "failed 1 9", GREEN]],
  [
    "1 and a failed report: the others fail, too, since nothing says that they ended",
    "1",
    { 0: 0, 1: 3 },
    [GREEN, RED, "failed 1 9"],
  ],
  ["1 and reports of all: those that failed fail", "1", { 0: 0, 1: 3, 2: 0 }, [GREEN, RED, GREEN]],
  [
    "1 and green reports of all: the batch fails",
    "1",
    { 0: 0, 1: 0, 2: 0 },
    ["failed 1 9", "failed 1 9", "failed 1 9"],
  ],
  ["a stop and some reports: the others are stopped", "143!", { 0: 0, 1: 3 }, [GREEN, RED, "stopped 143 9"]],
  [
    "a stop, answered with 0, and green reports of all: the batch is stopped",
    "0!",
    { 0: 0, 1: 0, 2: 0 },
    ["stopped 0 9", "stopped 0 9", "stopped 0 9"],
  ],
])("a run that ends with %s", (_, end, reports, ends) => {
  expect(endsOf(end, reports)).toEqual(ends);
});

const END = {
  ...({ kind: "end", order: 1, index: 5, indices: [5] } as const),
  ...{ exitCode: 0, seconds: 9, stopped: false, worker: 0 },
};

it("the last report of an item counts, and what is left of the time is shared by those without one", () => {
  const batch = new Batch(4, [itemOf(5), itemOf(6), itemOf(7)]);
  batch.report(5, { exitCode: 1, seconds: 1 });
  batch.report(5, { exitCode: 0, seconds: 3 });
  const ends = batch.ends(END);
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(ends.map(({ batch: run }) => run)).toEqual([
    { number: 4, seconds: 9, share: 3, isReported: true },
    { number: 4, seconds: 9, share: 3, isReported: false },
    { number: 4, seconds: 9, share: 3, isReported: false },
  ]);
});

it("an item that ran alone has its run for itself, unless the script has reported it", () => {
  const batch = new Batch(4, [itemOf(5)]);
  expect(batch.ends(END)[0]?.batch).toBeUndefined();
  batch.report(5, { exitCode: 0, seconds: 3 });
  expect(batch.ends(END)[0]).toMatchObject({ seconds: 3, batch: { seconds: 9, isReported: true } });
});
