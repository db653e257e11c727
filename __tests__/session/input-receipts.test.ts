import { InputReceipts } from "../../src/session/input-receipts.ts";

it("tells how much of the input that is on its way has arrived, and begins anew for the next", async () => {
  const told: (readonly [number, number])[] = [];
  const receipts = new InputReceipts((done, total) => told.push([done, total]));
  const first = [receipts.until(40), receipts.until(100)];
  for (const position of [20, 60, 100]) receipts.reached(position);
  await Promise.all(first);
  const second = receipts.until(150);
  receipts.reached(150);
  await second;
  receipts.reached(150);
  expect(told).toEqual([
    [20, 100],
    [60, 100],
    [100, 100],
    [50, 50],
  ]);
});

it("input that never arrives is told by an error, and is on its way no longer", async () => {
  const told: number[] = [];
  const receipts = new InputReceipts((done) => told.push(done));
  const lost = receipts.until(100);
  receipts.fail(new Error("the session is lost"));
  await expect(lost).rejects.toThrow("the session is lost");
  receipts.reached(40);
  expect([receipts.hasPending, told]).toEqual([false, []]);
});
