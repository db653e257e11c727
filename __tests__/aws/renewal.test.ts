import { renewing, type TemporaryCredentials } from "../../src/aws/renewal.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

/** A source of numbered keys that last one hour. It fails while it is `broken`. */
function source() {
  const clock = new SteppedClock(0);
  const state = { fetched: 0, broken: false, delays: [] as number[] };
  const provider = renewing<TemporaryCredentials>({
    now: () => clock.now(),
    fetch: () => {
      state.fetched += 1;
      if (state.broken) return Promise.reject(new Error("out of order"));
      const id = String(state.fetched);
      const expiration = new Date(clock.now() + 3_600_000);
      return Promise.resolve({ accessKeyId: id, secretAccessKey: "x", sessionToken: "y", expiration });
    },
    onDelay: (_, end) => state.delays.push(end),
  });
  const key = async (): Promise<string> => (await provider()).accessKeyId;
  return { clock, state, key };
}

const minute = 60_000;

describe("keys that are renewed", () => {
  it("are fetched once for all who ask at the same time", async () => {
    const { state, key } = source();
    expect(await Promise.all([key(), key(), key()])).toEqual(["1", "1", "1"]);
    expect(state.fetched).toBe(1);
  });

  it("are used until five minutes before their end", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(55 * minute - 1);
    expect(await key()).toBe("1");
    expect(state.fetched).toBe(1);
  });

  it("are renewed in their last five minutes, and no request waits for it", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(55 * minute);
    expect(await key()).toBe("1");
    expect(await key()).toBe("2");
    expect(state.fetched).toBe(2);
  });

  it("are waited for in the last minute of the old ones, since a request under way at their end would be refused", async () => {
    const { clock, key } = source();
    await key();
    clock.advance(59 * minute);
    expect(await key()).toBe("2");
  });

  it("stay in use in their last minute, too, while new ones can't be had", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(60 * minute - 1);
    state.broken = true;
    expect(await key()).toBe("1");
    expect(state.delays).toEqual([60 * minute]);
  });

  it("are waited for when the old ones have ended", async () => {
    const { clock, key } = source();
    await key();
    clock.advance(60 * minute);
    expect(await key()).toBe("2");
  });

  it("stay in use while new ones can't be had, and the delay is reported", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(57 * minute);
    state.broken = true;
    expect(await key()).toBe("1");
    await Promise.resolve();
    expect(await key()).toBe("1");
    expect(state.delays).toContain(60 * minute);
    state.broken = false;
    clock.advance(minute);
    await key();
    expect(await key()).not.toBe("1");
  });

  it("are asked for again after a tenth of the time that is left, however many requests there are", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(55 * minute);
    state.broken = true;
    const asked: number[] = [];
    while (clock.now() < 60 * minute) {
      const before = state.fetched;
      expect(await key()).toBe("1");
      if (state.fetched > before) asked.push(clock.now() / 1_000 - 3_300);
      clock.advance(500);
    }
    expect(asked.slice(0, 4)).toEqual([0, 30, 57, 81.5]);
    expect(asked.length).toBeLessThan(50);
    const [last = 0, former = 0] = asked.toReversed();
    expect(last).toBeGreaterThan(298);
    expect(last - former).toBe(1);
  });

  it("that can be had again come soon, and before the old ones end", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(59.5 * minute);
    state.broken = true;
    expect(await key()).toBe("1");
    state.broken = false;
    clock.advance(2_999);
    expect(await key()).toBe("1");
    clock.advance(1);
    expect(await key()).toBe("3");
  });

  it("are asked for at the end of the old ones, in a pause, too", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(60 * minute - 500);
    state.broken = true;
    expect(await key()).toBe("1");
    state.broken = false;
    clock.advance(500);
    expect(await key()).toBe("3");
  });

  it("that can't be had are reported once, however many requests share the attempt", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(57 * minute);
    state.broken = true;
    expect(await Promise.all([key(), key(), key()])).toEqual(["1", "1", "1"]);
    clock.advance(2 * minute);
    expect(await Promise.all([key(), key()])).toEqual(["1", "1"]);
    expect(state.fetched).toBe(3);
    expect(state.delays).toEqual([60 * minute, 60 * minute]);
  });

  it("fail with the reason once the old ones have ended, and are asked for again the next time", async () => {
    const { clock, state, key } = source();
    await key();
    clock.advance(61 * minute);
    state.broken = true;
    await expect(key()).rejects.toThrow("out of order");
    state.broken = false;
    expect(await key()).toBe("3");
  });

  it("of a short life are renewed in its last quarter", async () => {
    const clock = new SteppedClock(0);
    let fetched = 0;
    const provider = renewing({
      now: () => clock.now(),
      fetch: () => {
        fetched += 1;
        return Promise.resolve({
          accessKeyId: "a",
          secretAccessKey: "b",
          expiration: new Date(clock.now() + 8_000),
        });
      },
      onDelay: () => undefined,
    });
    await provider();
    clock.advance(5_999);
    await provider();
    expect(fetched).toBe(1);
    clock.advance(1);
    await provider();
    expect(fetched).toBe(2);
    expect((await provider()).expiration).toEqual(new Date(14_000));
    // In the last eighth of their life a request waits for new keys.
    clock.advance(7_000);
    expect((await provider()).expiration).toEqual(new Date(21_000));
  });

  it("without an end are kept", async () => {
    let fetched = 0;
    const provider = renewing({
      now: () => 1e15,
      fetch: () => Promise.resolve({ accessKeyId: String((fetched += 1)), secretAccessKey: "b" }),
      onDelay: () => undefined,
    });
    await provider();
    expect((await provider()).accessKeyId).toBe("1");
  });
});
