import { EventQueue } from "../../src/carriers/event-queue.ts";

describe("a queue of events", () => {
  it("has them in the order of their coming, also when several put them", async () => {
    const queue = new EventQueue<number>();
    for (const event of [1, 2, 3]) void queue.put(event);
    const read: number[] = [];
    for await (const event of queue) {
      read.push(event);
      if (event === 1) void queue.put(4);
      if (event === 4) break;
    }
    expect(read).toEqual([1, 2, 3, 4]);
  });

  it("lets a writer wait until its event is handled, and the reader asks for the next one", async () => {
    const queue = new EventQueue<string>();
    const log: string[] = [];
    void queue.put("first").then(() => log.push("writer goes on"));
    for await (const event of queue) {
      if (event === "last") break;
      await new Promise(setImmediate);
      log.push(`${event} is handled`);
      setImmediate(() => void queue.put("last"));
    }
    expect(log).toEqual(["first is handled", "writer goes on"]);
  });

  it("fails when a writer has failed", async () => {
    const queue = new EventQueue<string>();
    const reading = queue[Symbol.asyncIterator]().next();
    queue.fail(new Error("a bug"));
    await expect(reading).rejects.toThrow("a bug");
  });
});
