import type { Log } from "../../../src/log.ts";
import type { OutputItem } from "../../../src/carriers/stream/items.ts";
import { StepItems, type StepItemsOptions } from "../../../src/run/items/step-items.ts";
import { Listener } from "../../helpers/listener.ts";
import { anItem } from "../../report/example-items.ts";
import { itemDirectories } from "./directories.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const printed = (words: string): OutputItem => ({
  ...{ kind: "text", stream: "stdout", source: "", bytes: Buffer.from(words), ends: true },
});

/** The items of a step in one task, one after the other, unless the test needs something else. */
const open = (items: readonly string[], more: Partial<StepItemsOptions> = {}): Promise<StepItems> =>
  StepItems.open({
    ...{ items, batch: 1, tasks: 1, retry: undefined, failFast: false, hasBucket: false, detaches: false },
    ...{ directories: itemDirectories(), clock: new SteppedClock(), log: new Listener() },
    ...more,
  });

it("the last lines of items that failed or were stopped are kept, and each failed one has a line in the log at once", async () => {
  const log = new Listener();
  const items = await open(["a", "b", "c"], { log });
  const job = items.attempt(0);
  job.take({ kind: "header", text: "h" }, 1);
  for (const [index, code] of ["0", "3", "143!"].entries()) {
    const order = job.pending.find(({ words }) => new RegExp(`^give .*\\b${index}\\b`).test(words));
    job.take({ kind: "item-fact", text: `got ${order?.number ?? 1}` }, 1);
    const name = `${order?.number ?? 1} ${index}`;
    job.take({ kind: "item-fact", text: `begin ${name} 0` }, 1);
    job.take(printed(`of ${index}`), 1);
    job.take({ kind: "item-fact", text: `end ${name} ${code} 1.5 0` }, 1);
  }
  items.close("timed-out");
  const results = await items.end();
  expect(results.items.map(({ outcome, exitCode, lastLines }) => [outcome, exitCode, lastLines])).toEqual([
    ["succeeded", 0, []],
    ["failed", 3, ["of 1"]],
    ["timed-out", 124, ["of 2"]],
  ]);
  expect(log.lines.join("\n")).toContain("Item 'b' failed with exit code 3 after 1.5 s in task 0, worker 0.");
});

it("what a lost task may have begun goes to a free worker of another task before the next attempt begins", async () => {
  const retry = { reasons: ["infrastructure"], exitCodes: [], attempts: 2 } as const;
  const items = await open(["a", "b", "c", "d"], { tasks: 2, retry });
  const [dies, lives] = [items.attempt(0), items.attempt(1)];
  dies.take({ kind: "header", text: "h" }, 2);
  lives.take({ kind: "header", text: "h" }, 2);
  for (const text of ["got 1", "begin 1 0 0", "begin 1 1 1"]) dies.take({ kind: "item-fact", text }, 2);
  dies.leave({ runsAgain: true });
  expect(items.hasWork).toBe(true);
  for (const text of ["got 1", "begin 1 2 0", "end 1 2 0 1.5 0"]) lives.take({ kind: "item-fact", text }, 2);
  expect(lives.pending.map(({ words }) => words)).toEqual([expect.stringMatching(/^give 0\b/)]);
  await items.end();
});

it.each([
  ["gives one task all items at once, which then reads no more orders", false, ["give 0 1 2 3 4 5", "end"]],
  [
    "with fail-fast goes on to give orders, so that a container hears soon that nothing more is to begin",
    true,
    ["give 0"],
  ],
])("%s", async (_, failFast, words) => {
  const items = await open(["a", "b", "c", "d", "e", "f"], { failFast, hasBucket: true });
  const job = items.attempt(0);
  job.take({ kind: "header", text: "h" }, 1);
  expect(job.pending.map((order) => order.words)).toEqual(words);
  await items.end();
});

describe("how far the items are", () => {
  const play = async (
    log: Listener & Pick<Log, "gauge">,
    carried?: StepItemsOptions["carried"],
  ): Promise<readonly string[]> => {
    const clock = new SteppedClock();
    const items = await open(carried === undefined ? ["a", "b"] : ["a", "b", "c"], {
      ...{ clock, log },
      ...(carried && { carried }),
    });
    const job = items.attempt(0);
    job.take({ kind: "header", text: "h" }, 1);
    for (const text of ["got 2", "begin 1 0 0", "end 1 0 0 1 0", "begin 1 1 0"])
      job.take({ kind: "item-fact", text }, 1);
    for (let second = 0; second < 12; second += 1) clock.advance(1_000);
    await items.end();
    return log.lines;
  };

  it("is a line when that has changed, five seconds after the last one", async () => {
    expect(await play(new Listener())).toEqual(["1 of 2 items done, 1 in hand, about 5 s left."]);
  });

  it("is told each second to a terminal that shows it in one place", async () => {
    const seen: (number | undefined)[] = [];
    const gauge = (share: number | undefined): boolean => seen.push(share) > 0;
    expect(await play(Object.assign(new Listener(), { gauge }))).toEqual([]);
    expect(seen).toEqual([...Array.from({ length: 12 }, () => 0.5), undefined]);
  });

  it("is the share of what this run has to do, without what was carried over", async () => {
    const seen: (number | undefined)[] = [];
    const gauge = (share: number | undefined): boolean => seen.push(share) > 0;
    await play(Object.assign(new Listener(), { gauge }), new Map([[2, anItem("0", 2, { carriedFrom: 1 })]]));
    expect(seen[0]).toBe(0.5);
  });
});

it("items that were carried over are not handed out, and the ends of all others are told, a stopped one at the end", async () => {
  const told: unknown[] = [];
  const items = await open(["a", "b", "c", "d"], {
    carried: new Map([[1, anItem("0", 1, { carriedFrom: 1 })]]),
    memory: {
      note: ({ item, outcome, exitCode, attempts }) => void told.push([item, outcome, exitCode, attempts]),
    },
  });
  const job = items.attempt(0);
  job.take({ kind: "header", text: "h" }, 1);
  expect(job.pending[0]?.words).toMatch(/^give 0 2 3$/);
  for (const text of [
    "got 1",
    "begin 1 0 0",
    "end 1 0 0 1.5 0",
    "begin 1 2 0",
    "end 1 2 3 1.5 0",
    "begin 1 3 0",
  ])
    job.take({ kind: "item-fact", text }, 1);
  const ends = [
    ["a", "succeeded", 0, 1],
    ["c", "failed", 3, 1],
  ];
  expect(told).toEqual(ends);
  job.take({ kind: "item-fact", text: "end 1 3 143! 1.5 0" }, 1);
  expect(told).toEqual(ends);
  items.close("cancelled");
  const { items: results } = await items.end();
  expect(told).toEqual([...ends, ["d", "cancelled", 130, 1]]);
  expect(results[1]).toMatchObject({ outcome: "succeeded", carriedFrom: 1 });
});
