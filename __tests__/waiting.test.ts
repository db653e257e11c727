import { tellWaiting, tellWhile, WaitLines } from "../src/waiting.ts";
import { Listener } from "./helpers/listener.ts";
import { SteppedClock } from "./helpers/stepped-clock.ts";

let clock: SteppedClock;
let log: Listener;
beforeEach(() => {
  clock = new SteppedClock();
  log = new Listener();
});

it("says every half minute what is waited for, and for how long", () => {
  let what = "one";
  const stop = tellWaiting(() => what, { clock, log });
  clock.advance(29_999);
  expect(log.lines).toEqual([]);
  clock.advance(1);
  what = "two";
  clock.advance(30_000);
  stop();
  clock.advance(60_000);
  expect(log.lines).toEqual(["waiting for one (30 s)", "waiting for two (60 s)"]);
});

it.each(["resolves", "rejects"])("says nothing more when the promise %s", async (how) => {
  const promise = how === "resolves" ? Promise.resolve(1) : Promise.reject(new Error("no"));
  const waited = await tellWhile("it", { clock, log }, promise).catch((error: unknown) => error);
  expect(waited).toEqual(how === "resolves" ? 1 : new Error("no"));
  clock.advance(60_000);
  expect(log.lines).toEqual([]);
});

it("says a change at once, and keeps what was seen", () => {
  const lines = new WaitLines({ clock, log });
  lines.tell("a");
  clock.advance(1_000);
  lines.tell("a");
  lines.tell("b");
  clock.advance(30_000);
  lines.tell("b");
  expect(log.lines).toEqual(["a (0 s)", "b (1 s)", "b (31 s)"]);
  expect(lines.seen).toEqual(["a (0 s)", "b (1 s)"]);
});
