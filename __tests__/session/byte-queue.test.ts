import { ByteQueue, PIECE_COST } from "../../src/session/byte-queue.ts";

it("a queue gives its reader what was pushed, in order, and finishes", async () => {
  let taken = 0;
  const queue = new ByteQueue(() => (taken += 1));
  for (const text of ["a", "b", "c"]) queue.push(Buffer.from(text));
  queue.end();
  queue.push(Buffer.from("too late"));
  const read: string[] = [];
  for await (const bytes of queue) read.push(Buffer.from(bytes).toString());
  expect([read, taken]).toEqual([["a", "b", "c"], 1]);
});

it("a queue counts what a piece costs besides its bytes", () => {
  const queue = new ByteQueue(() => undefined);
  for (let i = 0; i < 10; i += 1) queue.push(Buffer.from("x"));
  expect(queue.size).toBe(10 * (PIECE_COST + 1));
});
