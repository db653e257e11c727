import { SteppedClock } from "./stepped-clock.ts";
import { Changes, inTime } from "./until.ts";

describe("changes", () => {
  it("wake each waiter as soon as its condition holds", async () => {
    const changes = new Changes();
    let count = 0;
    const waiting = [changes.until(() => count === 1), changes.until(() => count === 2)];
    for (count = 1; count <= 2; count += 1) {
      changes.notify();
      await waiting[count - 1];
    }
  });

  it("fail a waiter after a while, with what it waited for and what was seen", async () => {
    const never = new Changes(20).until(
      () => false,
      () => "and saw nothing",
    );
    await expect(never).rejects.toThrow(/^waited in vain for .*false and saw nothing$/);
  });
});

describe("a stepped clock", () => {
  it("ends a sleep when its time has passed, and not before", async () => {
    const clock = new SteppedClock();
    const ended: number[] = [];
    const sleeps = [200, 100].map((ms) => clock.sleep(ms).then(() => ended.push(ms)));
    await clock.pass(100);
    await sleeps[1];
    expect(ended).toEqual([100]);
    await clock.pass(100);
    await Promise.all(sleeps);
    expect([ended, clock.slept]).toEqual([
      [100, 200],
      [200, 100],
    ]);
  });
});

describe("a wait for a promise", () => {
  it("gives what the promise gives", async () => {
    await expect(inTime("an answer", Promise.resolve(1))).resolves.toBe(1);
    await expect(inTime("an answer", Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  it("fails in time with what it waited for, and with what was seen then", async () => {
    const never = new Promise(() => undefined);
    const waiting = inTime("an answer", never, { patience: 10, seen: () => "so far: nothing" });
    await expect(waiting).rejects.toThrow("waited in vain for an answer so far: nothing");
  });
});
