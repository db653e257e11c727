import fc from "fast-check";
import { listSchedule, longestFirst, runWorld, type WorldOptions } from "./world.ts";

/** A run has half of the worlds; `npm run soak tables` has all. */
const SHARE = process.env["EVERY_ROW"] === "1" ? 1 : 2;

const seconds = (most: number) =>
  fc.integer({ min: 0, max: most * 100 }).map((hundredths) => hundredths / 100);
/** The exit codes of an item's runs, and whether the script reports them. */
const runs = fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 75, 1), fc.boolean()), {
  minLength: 3,
  maxLength: 3,
});
/** How long an item took before. */
const before = fc.option(seconds(9), { nil: undefined });

/** Worlds with deaths, lost and repeated orders, items that fail, and closes. */
const worlds = fc
  .record({
    items: fc.array(fc.tuple(seconds(5), runs, before), { maxLength: 60 }),
    holders: fc.array(
      fc.record({
        workers: fc.integer({ min: 1, max: 3 }),
        joinsAt: seconds(10),
        diesAt: fc.option(seconds(20), { nil: undefined, freq: 2 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    queue: fc.record({
      batch: fc.constantFrom(1, 2, 3, "auto" as const),
      allFirst: fc.constantFrom(false, false, false, true),
      retryExitCodes: fc.constantFrom([], [75]),
      attempts: fc.integer({ min: 1, max: 3 }),
      failFast: fc.boolean(),
    }),
    delay: fc.constantFrom(0.05, 0.5, 2.5),
    lostPercent: fc.integer({ min: 0, max: 40 }),
    isAgain: fc.boolean(),
    close: fc.option(fc.record({ at: seconds(20), stops: fc.boolean() }), { nil: undefined, freq: 2 }),
    seed: fc.integer({ min: 0 }),
  })
  .map(({ items, holders, queue, close, ...rest }): WorldOptions => ({
    ...rest,
    queue: { ...queue, tasks: holders.length, expectedSeconds: items.map(([, , expected]) => expected) },
    durations: items.map(([duration]) => duration),
    exitCode: (index, run) => items[index]?.[1][run - 1]?.[0] ?? 0,
    reports: (index, run) => items[index]?.[1][run - 1]?.[1] ?? false,
    holders: holders.map(({ diesAt, ...holder }) => (diesAt === undefined ? holder : { ...holder, diesAt })),
    ...(close === undefined ? {} : { close }),
  }));

it("each item begins at most as often as it may, none is forgotten, and none runs twice at once", () => {
  fc.assert(
    fc.property(worlds, (options) => {
      const { attempts, retryExitCodes, failFast } = options.queue;
      const { results, begins, codes, doubles, named, queue } = runWorld(options);
      expect(doubles).toEqual([]);
      const allowed = options.isAgain === true || retryExitCodes.length > 0 ? attempts : 1;
      expect(Math.max(0, ...begins)).toBeLessThanOrEqual(allowed);
      const hasFailed = results.items.some(({ outcome }) => outcome === "failed");
      const isClosed = options.close !== undefined || (failFast && hasFailed);
      for (const { index, outcome, exitCode, attempts: heard } of results.items) {
        const begun = begins[index] ?? 0;
        expect(heard).toBeLessThanOrEqual(begun);
        if (outcome === "unknown") expect(named.has(index) || (isClosed && options.isAgain)).toBe(true);
        else if (outcome === "not-started") expect([isClosed, begun]).toEqual([true, 0]);
        else if (outcome === "cancelled") expect(options.close?.stops).toBe(true);
        else expect([exitCode, outcome]).toEqual([codes[index], codes[index] === 0 ? "succeeded" : "failed"]);
      }
      const { done, left, inHand, unknown, failed } = queue.progress;
      expect(done + left + unknown).toBe(options.durations.length);
      expect(inHand).toBe(0);
      expect(failed).toBe(results.items.filter(({ outcome }) => outcome === "failed").length);
      if (!isClosed) expect(left).toBe(0);
      expect(queue.misfits).toBe(0);
    }),
    { numRuns: 400 / SHARE, seed: 29 },
  );
});

/** Worlds without deaths, in which an order takes a small part of an item's time. */
const calmWorlds = fc.record({
  durations: fc.array(seconds(20), { minLength: 100, maxLength: 200 }),
  holders: fc.array(fc.record({ workers: fc.integer({ min: 1, max: 4 }), joinsAt: seconds(3) }), {
    minLength: 1,
    maxLength: 5,
  }),
  delay: fc.constantFrom(0.02, 0.1, 0.2),
  seed: fc.integer({ min: 0 }),
});

it("with known times and short ways all ends within 1.1 of the time of longest-first without ways", () => {
  fc.assert(
    fc.property(calmWorlds, ({ durations, holders, ...rest }) => {
      const order = longestFirst(durations);
      const queue = {
        batch: 1,
        order,
        allFirst: false,
        tasks: holders.length,
        retryExitCodes: [],
        attempts: 1,
        failFast: false,
      };
      const { makespan, over, begins } = runWorld({ queue, durations, holders, ...rest });
      expect(new Set(begins)).toEqual(new Set([1]));
      expect(makespan / listSchedule(durations, holders, order)).toBeLessThanOrEqual(1.1);
      // Nobody waits for an end that could have been told.
      expect(over - makespan).toBeLessThanOrEqual(2);
    }),
    { numRuns: 100 / SHARE, seed: 29 },
  );
});

it.each([
  ["nothing is known of the items", false],
  ["their times are known", true],
])("batches of auto save starts, and keep no worker waiting long for the last one, when %s", (_, isKnown) => {
  fc.assert(
    fc.property(calmWorlds, ({ durations, holders: various, ...rest }) => {
      // All tasks of a step have as many workers.
      const holders = various.map((holder) => ({ ...holder, workers: various[0]?.workers ?? 1 }));
      const seconds = durations.map((each) => each / 10);
      const order = isKnown ? longestFirst(seconds) : seconds.map((_each, index) => index);
      const runs = (batch: number | "auto") =>
        runWorld({
          queue: {
            ...{ batch, order, tasks: holders.length, allFirst: false },
            ...{ retryExitCodes: [], attempts: 1, failFast: false },
            ...(isKnown && { expectedSeconds: seconds }),
          },
          ...{ durations: seconds, holders, startSeconds: 1, ...rest },
        });
      const [auto, single] = [runs("auto"), runs(1)];
      expect(new Set(auto.begins)).toEqual(new Set([1]));
      expect(auto.batches.length).toBeLessThanOrEqual(0.9 * durations.length);
      expect(auto.makespan).toBeLessThanOrEqual(single.makespan + 1);
      // The last ones are no longer than a worker would wait.
      expect(Math.max(...auto.batches.slice(-2).map((batch) => batch.seconds))).toBeLessThanOrEqual(9);
    }),
    { numRuns: 40 / SHARE, seed: 29 },
  );
});
