import { orderWords, packOrders } from "../../../src/run/items/orders.ts";

it("an order's words have the indices of each batch, and which attempt it is behind the first", () => {
  const batches = [
    { indices: [3, 9], attempt: 1 },
    { indices: [4], attempt: 2 },
  ];
  expect(orderWords({ kind: "give", batches })).toBe("give 3,9 4@2");
  expect(orderWords({ kind: "back" })).toBe("back");
  expect(orderWords({ kind: "end" })).toBe("end");
});

it("an order has at most 3,000 characters, and as many batches as fit", () => {
  const batches = Array.from({ length: 10_000 }, (_, index) => ({
    indices: [index],
    attempt: 1 + (index % 2),
  }));
  const packed = packOrders(batches);
  const lengths = packed.map((order) => orderWords({ kind: "give", batches: order }).length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(3000);
  expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThan(2990);
  expect(packed.flat()).toEqual(batches);
});

it("a batch that is longer than an order may be has an order of its own", () => {
  const long = { indices: Array.from({ length: 1000 }, (_, index) => index), attempt: 1 };
  const short = { indices: [1000], attempt: 1 };
  expect(packOrders([short, long, short, short])).toEqual([[short], [long], [short, short]]);
  expect(packOrders([])).toEqual([]);
});
