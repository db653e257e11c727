import { systemClock as clock } from "../src/clock.ts";

it("a sleep that is longer than Node's longest timer does not end at once", async () => {
  const { signal } = new AbortController();
  const first = await Promise.race([
    clock.sleep(1e15, signal).then(() => "the long one"),
    clock.sleep(20).then(() => "the short one"),
  ]);
  expect(first).toBe("the short one");
});
