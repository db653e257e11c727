import { SteppedClock } from "./stepped-clock.ts";

describe("a clock that runs by itself", () => {
  it("passes from sleep to sleep, in the order of their ends, until the condition holds", async () => {
    const clock = new SteppedClock(0);
    const woken: number[] = [];
    for (const ms of [300, 100, 200]) void clock.sleep(ms).then(() => woken.push(clock.now()));
    await clock.runUntil(() => woken.length === 2);
    expect(woken).toEqual([100, 200]);
  });

  it("fails when nothing sleeps any more, and says what it waited for", async () => {
    const never = (): boolean => false;
    await expect(new SteppedClock().runUntil(never)).rejects.toThrow(/in vain for .*false: nothing sleeps/);
  });

  it("fails after two hours of its own time", async () => {
    const clock = new SteppedClock();
    const sleepOn = (): Promise<void> => clock.sleep(60_000).then(sleepOn);
    void sleepOn();
    await expect(clock.runUntil(() => false)).rejects.toThrow("two hours of the clock went by without");
  });
});
