import {
  type HowItLeaves,
  ItemQueue,
  type ItemQueueOptions,
  type ItemsOfLeaver,
  orderWords,
  parseItemFact,
} from "../../../src/run/items/item-queue.ts";

/** A queue of so many items, and the words by which its holders and it speak. */
class Talk {
  readonly queue: ItemQueue;
  now = 0;
  readonly #seen = new Map<number, number>();
  readonly #told = new Set<number>();

  constructor(items: number, options: Partial<ItemQueueOptions> = {}) {
    const allFirst = options.tasks === 1 && options.batch !== "auto";
    this.queue = new ItemQueue({
      items: Array.from({ length: items }, (_, index) => `item ${index}`),
      ...{ batch: 1, tasks: 2, allFirst, retryExitCodes: [], attempts: 1, failFast: false },
      ...options,
    });
  }

  join(id: number, workers = 1, info: { latencySeconds?: number } = {}): readonly string[] {
    const onOrders = (): void => void this.#told.add(id);
    const { latencySeconds = 1 } = info;
    this.queue.join(id, { task: id, workers, latencySeconds, onOrders }, this.now);
    return this.orders(id);
  }

  /** The first item takes so long, in a holder that leaves then. */
  learn(seconds: number): this {
    this.join(0);
    this.say(0, "begin 1 0 0", `end 1 0 0 ${seconds} 0`);
    this.leave(0, { heardAll: true });
    this.#told.delete(0);
    return this;
  }

  /** Facts of a holder, one second apart. Returns its orders that are new since. */
  say(id: number, ...facts: readonly string[]): readonly string[] {
    for (const text of facts) {
      const fact = parseItemFact(text);
      if (fact === undefined) throw new Error(`no fact: ${text}`);
      this.now += 1000;
      this.queue.take(id, fact, this.now);
    }
    return this.orders(id);
  }

  /** The orders that were not looked at before. */
  orders(id: number): readonly string[] {
    const seen = this.#seen.get(id) ?? 0;
    const fresh = this.queue.ordersFor(id).filter(({ number }) => number > seen);
    if (this.#told.delete(id) !== fresh.length > 0) throw new Error("a holder is told exactly of new orders");
    this.#seen.set(id, fresh.at(-1)?.number ?? seen);
    return fresh.map(({ number, order }) => `${number} ${orderWords(order)}`);
  }

  leave(id: number, how: HowItLeaves = {}): ItemsOfLeaver {
    this.now += 1000;
    return this.queue.leave(id, this.now, how);
  }

  /** The outcome of each item, with its attempts. */
  get outcomes(): readonly string[] {
    return this.queue.results().items.map(({ outcome, attempts }) => `${outcome} ${attempts}`);
  }
}

describe("what a holder gets", () => {
  it("is everything at once and the end, when it is the only one", () => {
    const talk = new Talk(3, { tasks: 1 });
    expect(talk.join(1, 2)).toEqual(["1 give 0 1 2", "2 end"]);
  });

  it("is one for each worker as long as nobody knows how long they take", () => {
    const talk = new Talk(100);
    expect(talk.join(1, 4)).toEqual(["1 give 0 1 2 3"]);
    expect(talk.join(2, 1)).toEqual(["1 give 4"]);
  });

  it("is one more than that when they take long, and not one more when an order takes hardly any of that time", () => {
    const talk = new Talk(100).learn(60);
    expect(talk.join(1, 4)).toEqual(["1 give 1 2 3 4 5"]);
    expect(talk.join(2, 1)).toEqual(["1 give 6 7"]);
    expect(talk.join(3, 1, { latencySeconds: 0.5 })).toEqual(["1 give 8"]);
  });

  it("follows the order of handing out, in batches", () => {
    const talk = new Talk(5, { batch: 2, tasks: 1, order: [4, 2, 0, 1, 3] });
    expect(talk.join(1)).toEqual(["1 give 2,4 0,1 3", "2 end"]);
  });

  it("is so many that its workers have work while an order is on its way", () => {
    const talk = new Talk(1000).learn(1);
    // 8 end in two seconds, and nobody knows whether the next ones are as long, so it is twice as many. Twice the deviation is for chance, and half
    // of all so that one order is for several ends.
    const [order = ""] = talk.join(1, 4, { latencySeconds: 2 });
    expect(order.split(" ").length - 2).toBe(4 + 16 + 6 + 11);
    expect(talk.say(1, "begin 1 1 0", "end 1 1 0 1 0")).toEqual([]);
  });

  it("takes the first ends for the short ones that they are, as long as the others run", () => {
    const talk = new Talk(1000);
    talk.join(1, 10);
    talk.say(1, ...Array.from({ length: 10 }, (_, worker) => `begin 1 ${worker} ${worker}`));
    // One took a hundredth of a second. The nine others run for 51 s together.
    const [order = ""] = talk.say(1, "end 1 9 0 0.01 9");
    expect(order.split(" ").length - 2).toBeLessThanOrEqual(4);
  });

  it("is as many as end while an order is on its way, when their times are known", () => {
    const expectedSeconds = Array.from({ length: 1000 }, () => 1);
    const [order = ""] = new Talk(1000, { expectedSeconds }).join(1, 4, { latencySeconds: 2 });
    expect(order.split(" ").length - 2).toBe(4 + 8 + 6 + 7);
  });

  it("is a share of what has not begun, so that all come to their end at the same time", () => {
    const talk = new Talk(41, { tasks: 2 }).learn(0.1);
    const sizes = [talk.join(1, 1, { latencySeconds: 9 }), talk.join(2, 1, { latencySeconds: 9 })].map(
      ([order = ""]) => order.split(" ").length - 2,
    );
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(12);
    expect(talk.queue.progress.left).toBe(40);
  });

  it("is nothing more than its share when little is left", () => {
    const talk = new Talk(9).learn(1);
    expect(talk.join(1, 1, { latencySeconds: 100 })).toEqual(["1 give 1 2 3 4 5"]);
  });
});

describe("batches of auto", () => {
  it("go to a single holder by and by, so that the later ones are of the right size", () => {
    const talk = new Talk(100, { tasks: 1, batch: "auto" });
    expect(talk.join(1, 2)).toEqual(["1 give 0,1,2,3,4,5 6,7,8,9,10,11"]);
    talk.say(1, "begin 1 0 0", "begin 1 6 1");
    const [order = ""] = talk.say(1, "end 1 0 0 60 0");
    expect(order).toMatch(/^2 give 12,13,14 15,16,17$/);
  });

  it("go to it at once when it gets all first, and get smaller", () => {
    const talk = new Talk(40, { tasks: 1, batch: "auto", allFirst: true });
    const [order = "", end] = talk.join(1, 2);
    const sizes = order
      .split(" ")
      .slice(2)
      .map((batch) => batch.split(",").length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(40);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect([sizes[0], sizes.at(-1), end]).toEqual([3, 1, "2 end"]);
  });

  it("last half a minute by the times that are known, and the others count as the mean", () => {
    const expectedSeconds = Array.from({ length: 200 }, (_, index) => [5, undefined, 15][index % 3]);
    const talk = new Talk(200, { batch: "auto", expectedSeconds });
    expect(talk.queue.progress.secondsLeft).toBeUndefined();
    const [order = ""] = talk.join(1, 1);
    expect(order.split(" ").slice(2, 4)).toEqual(["0,1,2", "3,4,5"]);
    // 2000 s of work, by one worker.
    expect(talk.queue.progress.secondsLeft).toBeCloseTo(2000, -2);
  });
});

describe("what the script reports", () => {
  const begun = (options: Partial<ItemQueueOptions> = {}): Talk => {
    const talk = new Talk(3, { tasks: 1, batch: 3, retryExitCodes: [75], attempts: 2, ...options });
    expect(talk.join(1)).toEqual(["1 give 0,1,2"]);
    talk.say(1, "begin 1 0 0");
    return talk;
  };

  it("is the end of each item, and only those run again that ended with a code that is named", () => {
    const talk = begun();
    expect(talk.say(1, "item 1 0 0 1", "item 1 1 75 2", "item 1 2 1 3", "end 1 0 1 9 0")).toEqual([
      "2 give 1@2",
      "3 end",
    ]);
    expect(talk.queue.progress).toMatchObject({ done: 2, failed: 1, left: 1 });
    talk.say(1, "begin 2 1 0", "end 2 1 0 4 0");
    expect(talk.outcomes).toEqual(["succeeded 1", "succeeded 2", "failed 1"]);
    expect(talk.queue.results().items.map(({ seconds }) => seconds)).toEqual([1, 4, 3]);
  });

  it("closes all with fail-fast when an item has failed, although its program has not", () => {
    const talk = begun({ failFast: true });
    talk.say(1, "item 1 1 1 2", "end 1 0 0 9 0");
    expect(talk.outcomes).toEqual(["succeeded 1", "failed 1", "succeeded 1"]);
    expect(talk.queue.hasWork).toBe(false);
  });

  it("is unknown with the end of its run", () => {
    const talk = begun();
    talk.say(1, "item 1 0 0 1");
    expect(talk.leave(1)).toEqual({ again: [], lost: [0, 1, 2] });
    expect(talk.outcomes).toEqual(["unknown 1", "unknown 1", "unknown 1"]);
  });

  it.each([
    ["of an item that is not in the list", "item 1 7 0 1"],
    ["by an order that it never had", "item 2 0 0 1"],
  ])("is passed over %s", (_, fact) => {
    const talk = begun();
    talk.say(1, fact);
    expect(talk.queue.misfits).toBe(1);
  });

  it("is passed over before the begin, and from another holder", () => {
    const talk = new Talk(9, { batch: 3 });
    talk.join(1);
    talk.join(2);
    talk.say(1, "item 1 0 0 1", "begin 1 0 0");
    talk.say(2, "item 1 0 0 1");
    expect(talk.queue.misfits).toBe(2);
  });
});

describe("an order", () => {
  it("is repeated until it is confirmed", () => {
    const talk = new Talk(3, { tasks: 1 });
    talk.join(1);
    expect(talk.queue.ordersFor(1).map(({ number }) => number)).toEqual([1, 2]);
    talk.say(1, "got 1");
    expect(talk.queue.ordersFor(1).map(({ number }) => number)).toEqual([2]);
    talk.say(1, "got 1", "got 2");
    expect(talk.queue.ordersFor(1)).toEqual([]);
    expect(talk.queue.misfits).toBe(0);
  });

  it("is nothing for a holder that never joined or has left", () => {
    const talk = new Talk(1);
    expect(talk.queue.ordersFor(1)).toEqual([]);
    talk.join(1);
    talk.leave(1);
    expect(talk.queue.ordersFor(1)).toEqual([]);
  });
});

describe("a move", () => {
  it("brings what a busy holder has not begun to an idle one, after the busy one has given it back", () => {
    const talk = new Talk(5).learn(60);
    expect(talk.join(1, 2)).toEqual(["1 give 1 2 3"]);
    expect(talk.say(1, "got 1", "begin 1 1 0", "begin 1 2 1")).toEqual([]);
    expect(talk.join(2, 1)).toEqual(["1 give 4"]);
    expect(talk.say(2, "begin 1 4 0")).toEqual([]);
    expect(talk.say(2, "end 1 4 0 9 0")).toEqual([]);
    expect(talk.orders(1)).toEqual(["2 back"]);
    expect(talk.say(1, "back 2 1.3", "got 2")).toEqual([]);
    expect(talk.orders(2)).toEqual(["2 give 3"]);
    expect(talk.say(2, "begin 2 3 0")).toEqual(["3 end"]);
    expect(talk.orders(1)).toEqual(["3 end"]);
  });

  it("shares what comes back with the busy holder, when that has become idle meanwhile", () => {
    const talk = new Talk(6).learn(10);
    expect(talk.join(1, 1, { latencySeconds: 2 })).toEqual(["1 give 1 2 3 4"]);
    expect(talk.join(2, 1, { latencySeconds: 2 })).toEqual(["1 give 5"]);
    talk.say(1, "got 1", "begin 1 1 0");
    talk.say(2, "got 1", "begin 1 5 0", "end 1 5 0 10 0");
    expect(talk.orders(1)).toEqual(["2 back"]);
    expect(talk.say(1, "end 1 1 0 20 0", "back 2 1.2 1.3 1.4", "got 2")).toEqual(["3 give 3"]);
    expect(talk.orders(2)).toEqual(["2 give 2", "3 give 4"]);
  });

  it("is not ordered when the stock begins before the answer comes, unless that was wrong", () => {
    const talk = new Talk(4).learn(1);
    expect(talk.join(1, 2)).toEqual(["1 give 1 2 3"]);
    talk.say(1, "begin 1 1 0", "begin 1 2 1");
    expect(talk.join(2, 1)).toEqual([]);
    expect(talk.orders(1)).toEqual([]);
    talk.queue.tick(talk.now + 2000);
    expect(talk.orders(1)).toEqual(["2 back"]);
  });

  it.each([
    ["is ordered at once when no worker of the busy holder is likely to be free soon", 0, ["2 back"]],
    ["is not ordered when one is likely to be free before the answer comes", 5, []],
  ])("%s", (_, seconds, orders) => {
    const talk = new Talk(6).learn(10);
    expect(talk.join(1, 4, { latencySeconds: 3 })).toEqual(["1 give 1 2 3 4 5"]);
    talk.say(1, "begin 1 1 0", "begin 1 2 1", "begin 1 3 2", "begin 1 4 3");
    talk.now += seconds * 1000;
    talk.join(2, 1, { latencySeconds: 3 });
    expect(talk.orders(1)).toEqual(orders);
  });

  it("is ordered for as many batches as idle workers lack", () => {
    const talk = new Talk(9, { tasks: 3 }).learn(60);
    expect(talk.join(1, 2)).toEqual(["1 give 1 2 3"]);
    expect(talk.join(2, 4)).toEqual(["1 give 4 5 6 7 8"]);
    talk.join(3, 1);
    expect([talk.orders(1), talk.orders(2)].flat()).toEqual(["2 back"]);
    talk.join(4, 1);
    expect([talk.orders(1), talk.orders(2)].flat()).toEqual(["2 back"]);
    talk.join(5, 1);
    expect([talk.orders(1), talk.orders(2)].flat()).toEqual([]);
  });

  it("leaves what a worker has taken just before, which begins later", () => {
    const talk = new Talk(4).learn(60);
    expect(talk.join(1, 1)).toEqual(["1 give 1 2"]);
    talk.say(1, "got 1", "begin 1 1 0");
    expect(talk.join(2, 2)).toEqual(["1 give 3"]);
    expect(talk.orders(1)).toEqual(["2 back"]);
    talk.say(2, "begin 1 3 0");
    expect(talk.say(1, "back 2", "got 2")).toEqual(["3 end"]);
    expect(talk.queue.progress).toMatchObject({ inHand: 3, left: 0 });
    talk.say(1, "end 1 1 0 1 0", "begin 1 2 0", "end 1 2 0 1 0");
    expect(talk.outcomes.slice(1)).toEqual(["succeeded 1", "succeeded 1", "unknown 1"]);
    expect(talk.queue.misfits).toBe(0);
  });

  it("does not wait for a holder that does not answer, when another one has stock too", () => {
    const talk = new Talk(5, { tasks: 3 }).learn(60);
    talk.join(1, 1);
    talk.join(2, 1);
    talk.say(1, "begin 1 1 0");
    talk.say(2, "begin 1 3 0");
    talk.join(3, 1);
    expect([talk.orders(1), talk.orders(2)]).toEqual([["2 back"], []]);
    talk.queue.tick(talk.now + 3000);
    expect(talk.orders(2)).toEqual([]);
    talk.queue.tick(talk.now + 5000);
    expect(talk.orders(2)).toEqual(["2 back"]);
  });
});

describe("the end", () => {
  it("waits as long as another holder has stock that may be moved", () => {
    const talk = new Talk(3).learn(0.5);
    expect(talk.join(1, 1)).toEqual(["1 give 1 2"]);
    expect(talk.join(2, 1)).toEqual([]);
    expect(talk.say(1, "begin 1 1 0", "end 1 1 0 0.5 0")).toEqual([]);
    expect(talk.say(1, "begin 1 2 0")).toEqual(["2 end"]);
    expect(talk.orders(2)).toEqual(["1 end"]);
  });

  it("is for a holder with an item that may run again only when that has ended, and for others before", () => {
    const talk = new Talk(2, { retryExitCodes: [75], attempts: 2 });
    talk.join(1, 1);
    talk.say(1, "begin 1 0 0", "end 1 0 0 9 0", "begin 2 1 0");
    expect(talk.join(2, 1)).toEqual(["1 end"]);
    expect(talk.say(1, "end 2 1 75 1 0")).toEqual(["3 give 1@2"]);
    expect(talk.say(1, "begin 3 1 0")).toEqual(["4 end"]);
  });

  it("comes at once for a holder that finds nothing to do", () => {
    const talk = new Talk(0);
    expect(talk.join(1, 1)).toEqual(["1 end"]);
    expect(talk.queue.results()).toEqual({ items: [], workers: [] });
  });
});

describe("an item that failed", () => {
  it("runs again at the front for a code that is named, as often as it may", () => {
    const talk = new Talk(9, { retryExitCodes: [75], attempts: 2 });
    talk.join(1, 1);
    expect(talk.say(1, "begin 1 0 0", "end 1 0 75 9 0")).toEqual(["2 give 0@2 1"]);
    talk.say(1, "begin 2 1 0", "end 2 1 0 9 0", "begin 2 0 0", "end 2 0 75 9 0");
    expect(talk.outcomes.slice(0, 2)).toEqual(["failed 2", "succeeded 1"]);
    expect(talk.queue.progress).toMatchObject({ done: 2, failed: 1 });
  });

  it("tells its end, and whether it runs again", () => {
    const { queue } = new Talk(2, { retryExitCodes: [75], attempts: 2, batch: 2 });
    queue.join(1, { task: 0, workers: 1, latencySeconds: 1 }, 0);
    const begin = (order: number) => queue.take(1, { kind: "begin", order, index: 0, worker: 0 }, 1);
    const end = (order: number, exitCode: number) =>
      queue.take(
        1,
        { kind: "end", order, index: 0, indices: [0, 1], exitCode, seconds: 2, stopped: false, worker: 0 },
        1,
      );
    expect(begin(1)).toBeUndefined();
    const told = (runsAgain: boolean) => ({
      items: [0, 1].map(
        (index) =>
          expect.objectContaining({
            item: expect.objectContaining({ index }) as unknown,
            ...{ outcome: "failed", exitCode: 75, seconds: 2, runsAgain },
          }) as unknown,
      ),
    });
    expect(end(1, 75)).toEqual({ ...told(true), attempt: 1 });
    begin(2);
    expect(end(2, 75)).toEqual({ ...told(false), attempt: 2 });
    expect(end(2, 75)).toBeUndefined();
  });

  it("has its end for another code", () => {
    const talk = new Talk(9, { retryExitCodes: [75], attempts: 2 });
    talk.join(1, 1);
    talk.say(1, "begin 1 0 0", "end 1 0 1 9 0");
    expect(talk.outcomes[0]).toBe("failed 1");
  });

  it("ends the handing out with fail-fast, also for a holder that has its end already", () => {
    const talk = new Talk(4, { tasks: 1, failFast: true });
    expect(talk.join(1, 2)).toEqual(["1 give 0 1 2 3", "2 end"]);
    expect(talk.say(1, "got 1", "got 2", "begin 1 0 0", "begin 1 1 1", "end 1 0 1 9 0")).toEqual(["3 back"]);
    talk.say(1, "back 3 1.2 1.3", "got 3", "end 1 1 0 9 1");
    talk.leave(1, { heardAll: true });
    expect(talk.outcomes).toEqual(["failed 1", "succeeded 1", "not-started 0", "not-started 0"]);
    expect(talk.queue.progress).toMatchObject({ done: 2, failed: 1, inHand: 0, left: 2, unknown: 0 });
  });

  it("stays failed when it would have run again and everything is closed", () => {
    const talk = new Talk(9, { retryExitCodes: [75], attempts: 2 });
    talk.join(1, 1);
    expect(talk.say(1, "begin 1 0 0", "end 1 0 75 9 0")).toEqual(["2 give 0@2 1"]);
    talk.queue.close();
    expect(talk.orders(1)).toEqual(["3 back", "4 end"]);
    talk.say(1, "back 3 2.0 2.1", "got 3");
    expect(talk.outcomes.slice(0, 3)).toEqual(["failed 1", "not-started 0", "not-started 0"]);
    expect(talk.queue.progress).toMatchObject({ done: 1, failed: 1, left: 8 });
  });
});

describe("a holder that leaves", () => {
  it("may have begun what it had, which is unknown and runs again only when that is said", () => {
    const talk = new Talk(9, { attempts: 2 }).learn(60);
    talk.join(1, 1);
    talk.say(1, "begin 1 1 0");
    expect(talk.leave(1)).toEqual({ again: [], lost: [1, 2] });
    expect(talk.outcomes.slice(1, 4)).toEqual(["unknown 1", "unknown 0", "not-started 0"]);
    expect(talk.queue.progress).toMatchObject({ unknown: 2, left: 6 });
    expect(talk.join(2, 2)).toEqual(["1 give 3 4 5"]);
  });

  it("leaves them to others as often as they may begin", () => {
    const talk = new Talk(9, { attempts: 2 }).learn(60);
    talk.join(1, 1);
    talk.say(1, "begin 1 1 0");
    expect(talk.leave(1, { runsAgain: true })).toEqual({ again: [1, 2], lost: [] });
    expect(talk.join(2, 2)).toEqual(["1 give 1@2 2@2 3"]);
    talk.say(2, "begin 1 1 0", "begin 1 2 1");
    expect(talk.leave(2, { runsAgain: true })).toEqual({ again: [3], lost: [1, 2] });
    expect(talk.outcomes.slice(1, 3)).toEqual(["unknown 2", "unknown 1"]);
  });

  it("leaves what runs again to a free worker of another one, also when nothing else is left", () => {
    const talk = new Talk(5, { attempts: 2 }).learn(60);
    expect(talk.join(1, 1)).toEqual(["1 give 1 2"]);
    expect(talk.join(2, 2)).toEqual(["1 give 3 4"]);
    talk.say(1, "got 1", "begin 1 1 0");
    talk.say(2, "got 1", "begin 1 3 0", "begin 1 4 1", "end 1 3 0 1 0", "end 1 4 0 1 1");
    // It never answers that.
    expect(talk.orders(1)).toEqual(["2 back"]);
    expect(talk.leave(1, { runsAgain: true })).toEqual({ again: [1, 2], lost: [] });
    expect(talk.orders(2)).toEqual(["2 give 1@2 2@2"]);
    expect(talk.say(2, "got 2", "begin 2 1 0")).toEqual([]);
    expect(talk.say(2, "begin 2 2 1")).toEqual(["3 end"]);
  });

  it("keeps no worker waiting for an item of one that was killed, and may have it run again once it is over", () => {
    const talk = new Talk(2, { tasks: 1, retryExitCodes: [75], attempts: 2 });
    expect(talk.join(1, 2)).toEqual(["1 give 0 1"]);
    expect(talk.say(1, "begin 1 0 0", "begin 1 1 1", "end 1 1 0 1 1")).toEqual([]);
    expect(talk.say(1, "gone 1")).toEqual([]);
    expect(talk.say(1, "gone 0")).toEqual(["2 end"]);
    expect(talk.outcomes).toEqual(["unknown 1", "succeeded 1"]);
    expect(talk.leave(1, { runsAgain: true })).toEqual({ again: [0], lost: [] });
  });

  it("leaves to others what it did not begin, when all was heard of it", () => {
    const talk = new Talk(4).learn(60);
    talk.join(1, 1);
    talk.say(1, "begin 1 1 0");
    expect(talk.leave(1, { heardAll: true })).toEqual({ again: [], lost: [1] });
    expect(talk.join(2, 1)).toEqual(["1 give 2 3"]);
    expect(talk.outcomes[1]).toBe("unknown 1");
  });

  it("leaves to others what its container had not begun of its stock, although not all was heard of it", () => {
    const talk = new Talk(6, { tasks: 1, attempts: 2 });
    expect(talk.join(1, 1)).toEqual(["1 give 0 1 2 3 4 5", "2 end"]);
    talk.say(1, "begin 1 0 0");
    // The begin of 1 was not heard. Of 4 it was, so that is true.
    talk.say(1, "begin 1 4 0");
    const unbegun = { order: 1, index: 2 };
    expect(talk.leave(1, { runsAgain: true, unbegun })).toEqual({ again: [0, 4, 1], lost: [] });
    expect(talk.outcomes).toEqual([
      "unknown 1",
      "unknown 0",
      "not-started 0",
      "not-started 0",
      "unknown 1",
      "not-started 0",
    ]);
    expect(talk.join(2, 1)).toEqual(["1 give 0@2 1@2 2 3 4@2 5", "2 end"]);
  });

  it.each([
    ["it was not given", { order: 1, index: 9 }],
    ["another order gave it", { order: 2, index: 2 }],
    ["it has begun", { order: 1, index: 0 }],
  ])(
    "may have begun all that it had when what its container names as the first is none: %s",
    (_, unbegun) => {
      const talk = new Talk(3, { tasks: 1 });
      talk.join(1, 1);
      talk.say(1, "begin 1 0 0");
      expect(talk.leave(1, { unbegun })).toEqual({ again: [], lost: [0, 1, 2] });
    },
  );

  it("leaves what runs again to another attempt, when all others have ended", () => {
    const talk = new Talk(2, { attempts: 2 });
    talk.join(1, 2);
    expect(talk.say(1, "begin 1 0 0", "begin 1 1 1")).toEqual(["2 end"]);
    talk.say(1, "end 1 0 0 1 0");
    talk.leave(1, { runsAgain: true });
    expect(talk.join(2, 1)).toEqual(["1 give 1@2"]);
    expect(talk.say(2, "begin 1 1 0")).toEqual(["2 end"]);
  });
});

describe("the close", () => {
  it("takes the stocks back and ends all, and nothing that comes back is given again", () => {
    const talk = new Talk(9, { attempts: 2 }).learn(60);
    talk.join(1, 1);
    talk.join(2, 1);
    talk.say(1, "begin 1 1 0");
    talk.say(2, "begin 1 3 0");
    talk.queue.close("timed-out");
    expect([talk.orders(1), talk.orders(2)]).toEqual([
      ["2 back", "3 end"],
      ["2 back", "3 end"],
    ]);
    expect(talk.say(1, "got 1", "back 2 1.2", "got 2", "got 3", "end 1 1 143! 9 0")).toEqual([]);
    expect(talk.leave(2, { runsAgain: true })).toEqual({ again: [], lost: [3, 4] });
    expect(talk.join(3, 1)).toEqual(["1 end"]);
    expect(talk.outcomes.slice(1, 6)).toEqual([
      ...["timed-out 1", "not-started 0", "unknown 1", "unknown 0", "not-started 0"],
    ]);
  });

  it("names what a cancel has stopped, also when the items were closed before", () => {
    const talk = new Talk(3, { failFast: true, tasks: 1, retryExitCodes: [143], attempts: 3 });
    talk.join(1, 2);
    talk.say(1, "begin 1 0 0", "begin 1 1 1", "end 1 0 1 1 0");
    talk.queue.close("cancelled");
    talk.say(1, "end 1 1 143! 1 1");
    expect(talk.outcomes.slice(0, 2)).toEqual(["failed 1", "cancelled 1"]);
    expect(talk.queue.progress).toMatchObject({ done: 2, failed: 1 });
  });
});

describe("what a container tells", () => {
  it.each([
    ["of an order that it never had", ["got 9"]],
    ["of the order 0", ["got 0"]],
    ["of an item that is not in the list", ["begin 1 99 0"]],
    ["of an item of another holder", ["begin 1 3 0"]],
    ["of an item by another order", ["begin 2 1 0"]],
    ["of a worker that it doesn't have", ["begin 1 2 1"]],
    ["of a second begin", ["begin 1 1 0"]],
    ["of the end of what has not begun", ["end 1 2 0 1 0"]],
    ["of an end by another worker", ["end 1 1 0 1 1"]],
    ["of a second end", ["end 1 1 0 9 0", "end 1 1 1 9 0"]],
    ["of a begin after the end", ["end 1 1 0 9 0", "begin 1 1 0"]],
    ["that it gives back although nobody said so", ["back 1 1.2"]],
    ["that it gives back what it runs", ["back 2 1.1"]],
    ["that it gives back what another one has", ["back 2 1.3"]],
  ])("is ignored and counted: %s", (_, facts) => {
    const talk = new Talk(5).learn(60);
    talk.join(1, 1);
    talk.join(2, 1);
    talk.say(1, "begin 1 1 0");
    if (facts[0]?.startsWith("back 2") === true) talk.queue.close();
    const { misfits } = talk.queue;
    talk.say(1, ...facts);
    expect(talk.queue.misfits).toBe(misfits + 1);
    expect(talk.outcomes[1]).toMatch(/^(unknown|succeeded) 1$/);
    expect(talk.outcomes.slice(2)).toEqual(["unknown 0", "unknown 0", "unknown 0"]);
  });

  it("is ignored after it has left", () => {
    const talk = new Talk(4);
    talk.join(1, 1);
    talk.leave(1);
    talk.say(1, "begin 1 0 0");
    expect(talk.queue.misfits).toBe(1);
    expect(talk.outcomes[0]).toBe("unknown 0");
  });
});

it("the results have what was heard of each item's last run, and how many workers its task had", () => {
  const talk = new Talk(4, { batch: 2, retryExitCodes: [75], attempts: 2, tasks: 1 });
  talk.join(2, 3);
  talk.say(2, "begin 1 0 0", "end 1 0 75 1.5 0", "begin 2 0 2", "end 2 0 4 2.5 2");
  const run = { outcome: "failed", exitCode: 4, seconds: 2.5, attempts: 2, task: 2, worker: 2 };
  const batch = { number: 3, seconds: 2.5, share: 1.25, isReported: false };
  const times = { beganAt: 3000, endedAt: 4000, batch };
  const never = { exitCode: undefined, seconds: undefined, task: undefined, worker: undefined };
  const { items, workers } = talk.queue.results((index) => [`lines of ${index}`]);
  expect(items.slice(0, 2)).toEqual([
    { index: 0, item: "item 0", ...run, ...times, lastLines: ["lines of 0"] },
    { index: 1, item: "item 1", ...run, ...times, lastLines: ["lines of 1"] },
  ]);
  expect(items[3]).toEqual({
    ...{ index: 3, item: "item 3", outcome: "unknown", attempts: 0, ...never },
    ...{ beganAt: undefined, endedAt: undefined, lastLines: [] },
  });
  expect(workers).toEqual([0, 0, 3]);
});

it("the progress tells how long what is left is likely to take", () => {
  const talk = new Talk(11);
  expect(talk.queue.progress).toEqual({ done: 0, failed: 0, inHand: 0, left: 11, unknown: 0 });
  talk.join(1, 2);
  talk.say(1, "begin 1 0 0", "begin 1 1 1", "end 1 0 0 4 0");
  // Nine, and half of the one in hand, by two workers.
  expect(talk.queue.progress).toEqual({
    done: 1,
    failed: 0,
    inHand: 1,
    left: 9,
    unknown: 0,
    secondsLeft: 19,
  });
  talk.leave(1);
  expect(talk.queue.progress.secondsLeft).toBeUndefined();
});

it("what has ended before is not handed out, and keeps its result", () => {
  const carried = new Map(
    [0, 3].map((index) => [
      index,
      {
        ...({
          index,
          item: `item ${index}`,
          outcome: "succeeded",
          exitCode: 0,
          seconds: 7,
          attempts: 1,
        } as const),
        ...{ task: 4, worker: 5, beganAt: undefined, endedAt: undefined, carriedFrom: 1, lastLines: [] },
      },
    ]),
  );
  const talk = new Talk(5, { carried, batch: 2, tasks: 1 });
  expect(talk.queue.progress).toMatchObject({ done: 0, left: 3 });
  expect(talk.join(1)).toEqual(["1 give 1,2 4", "2 end"]);
  talk.say(1, "begin 1 1 0", "end 1 1 0 1 0");
  expect(talk.outcomes).toEqual(["succeeded 1", "succeeded 1", "succeeded 1", "succeeded 1", "unknown 0"]);
  expect(talk.queue.results().items[3]).toEqual(carried.get(3));
});

it("an order of handing out that lacks an index is refused", () => {
  expect(() => new Talk(3, { order: [0, 1, 1] })).toThrow(RangeError);
  expect(() => new Talk(3, { order: [0, 1, 3] })).toThrow(RangeError);
  expect(() => new Talk(3, { order: [0, 1] })).toThrow(RangeError);
});
