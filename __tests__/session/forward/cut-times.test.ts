import { CutTimes } from "../../../src/session/forward/cut-times.ts";

/** The times of a forward on a clock that `wait` steps, whose chance is always the same fraction. */
function startTimes(fraction = 1) {
  let now = 1_000_000;
  const random = { fraction: () => fraction, bytes: (size: number) => Buffer.alloc(size), uuid: () => "" };
  const times = new CutTimes({ now: () => now, random });
  return { times, wait: (ms: number) => void (now += ms) };
}

describe("the times of a cut forward", () => {
  it("keep open connections for a minute after the last word of the relay", () => {
    const { times, wait } = startTimes();
    wait(60_000);
    times.hear();
    wait(60_000);
    expect(times.isLate).toBe(false);
    wait(1);
    expect(times.isLate).toBe(true);
  });

  it("give the forward up after a minute before anything was carried, and after ten minutes later on", () => {
    const { times, wait } = startTimes();
    wait(60_001);
    expect([times.hasCarried, times.isGivenUp]).toEqual([false, true]);
    times.hear();
    times.startAnew();
    wait(600_000);
    expect([times.hasCarried, times.isGivenUp]).toEqual([true, false]);
    wait(1);
    expect(times.isGivenUp).toBe(true);
  });

  it("count from the place that another relay takes, and not from the last word of the lost one", () => {
    const { times, wait } = startTimes();
    wait(60_001);
    times.startAnew();
    expect(times.isLate).toBe(false);
  });

  it.each([
    ["85 s after its last word", true, 24_000],
    ["85 s later when it was not heard, since it may have begun only then", false, 85_000],
  ])("know when a relay that was given up has ended: %s", (_, wasHeard, ms) => {
    const { times, wait } = startTimes();
    expect(times.mayLinger).toBe(false);
    if (wasHeard) times.hear();
    wait(61_000);
    times.giveRelayUp(wasHeard);
    wait(ms - 1);
    expect(times.mayLinger).toBe(true);
    wait(1);
    expect(times.mayLinger).toBe(false);
  });

  it.each([
    { fraction: 1, pauses: [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000] },
    { fraction: 0, pauses: [125, 250, 500, 1_000, 2_000, 2_500, 2_500] },
  ])("pause for longer after each short session: $pauses", ({ fraction, pauses }) => {
    const { times } = startTimes(fraction);
    const seen = pauses.map(() => {
      times.beginSession();
      return times.nextPause();
    });
    expect(seen).toEqual(pauses);
  });

  it("begin with the shortest pause again once a session has carried for more than ten seconds", () => {
    const { times, wait } = startTimes();
    for (const ms of [10_000, 10_001]) {
      times.beginSession();
      times.nextPause();
      wait(ms);
      times.carry();
    }
    expect(times.nextPause()).toBe(250);
  });

  // The tunnel does not look after a session that was refused.
  it("end the forward from the twelfth short session in a row on", () => {
    const { times } = startTimes();
    const seen = Array.from({ length: 13 }, () => {
      times.beginSession();
      return times.isInVain;
    });
    expect(seen).toEqual([...Array.from({ length: 11 }, () => false), true, true]);
  });
});
