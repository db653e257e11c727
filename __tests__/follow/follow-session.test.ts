import { setImmediate as turn } from "node:timers/promises";
import { Extractor } from "../../src/stream/extract.ts";
import { type FollowSessionOptions, followSession } from "../../src/follow/follow-session.ts";
import { followLog } from "../../src/follow/follow-log.ts";
import { FakeSession, mark, NONCE, READY, READY_NEW } from "../session/fake-session.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { wordsOf } from "../helpers/shown.ts";

const SPOOL = "\x1b]7733;h\x07head\none\n\x1b]7733;e\x07two\n";
const WHOLE = `${mark("@0")}\n${SPOOL}${mark(`. ${SPOOL.length} exited 0=3:1`)}\n`;
const ENDED = { kind: "status", status: { kind: "ended", reason: "exited" } };

let clock: SteppedClock;
let seen: string[];
let cancel: AbortController;
beforeEach(() => {
  clock = new SteppedClock();
  seen = [];
  cancel = new AbortController();
});

function followFake(session: FakeSession, more: Partial<FollowSessionOptions> = {}) {
  return followSession(session, {
    first: true,
    opening: 20_000,
    extractor: new Extractor(NONCE, 1),
    typed: {
      prepare: () => undefined,
      start: (missing) =>
        Promise.resolve(Buffer.from(missing === undefined ? "start" : `loader (${missing.why})`)),
      payload: () => Buffer.from("payload"),
      secrets: () => Buffer.from("secrets"),
    },
    onAttached: () => seen.push("attached"),
    onNote: (text) => seen.push(`note ${text}`),
    onShown: (shown) => seen.push(...wordsOf(shown)),
    clock,
    cancel: cancel.signal,
    ...more,
  });
}

/** Ends as the agent does when its command has ended. */
const closing = (session: FakeSession, text: string): void => {
  if (text === "taken") session.end({ kind: "closed", text: "" });
};

describe("following a job", () => {
  it("passes on what the job says, and ends with its status, which it acknowledges", async () => {
    const session = new FakeSession("s-1", closing).says(READY, mark("n hello"), WHOLE);
    expect(await followFake(session)).toMatchObject(ENDED);
    expect(seen).toEqual(["note hello", "attached", "head", "one", "two"]);
    expect(session.typed).toEqual(expect.arrayContaining(["start", "taken"]));
  });

  it("types nothing before it is asked to", async () => {
    const session = new FakeSession("s-1", closing).says("noise\n");
    const followed = followFake(session);
    await turn();
    expect(session.typed).toEqual([]);
    session.says(READY_NEW);
    await turn();
    expect(session.typed).toEqual(["loader (no boto3)"]);
    session.says(mark("p"));
    await turn();
    session.says(mark("s"));
    await turn();
    expect(session.typed).toEqual(["loader (no boto3)", "payload", "secrets"]);
    session.says(WHOLE);
    await followed;
  });

  it("types no `here` while a loader still reads the payload or the secrets", async () => {
    const session = new FakeSession("s-1", closing).says(READY_NEW);
    const followed = followFake(session, { opening: 120_000 });
    await turn();
    await clock.pass(20_000);
    session.says(mark("p"));
    await turn();
    await clock.pass(20_000);
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
    session.says(mark("s"));
    await turn();
    await clock.pass(20_000);
    expect(session.typed).toEqual(["loader (no boto3)", "payload", "secrets", "here 0"]);
    session.says(WHOLE);
    await followed;
  });

  it("types nothing when echo can't be turned off", async () => {
    const session = new FakeSession("s-1").says("\x1b]7733;echo\x07\n").end({ kind: "closed", text: "" });
    expect(await followFake(session)).toMatchObject({ kind: "refused", code: "echo" });
    expect(session.typed).toEqual([]);
  });

  it("reports why the container refused", async () => {
    const session = new FakeSession("s-1").says(READY, mark("! download none of them"));
    const followed = followFake(session);
    await clock.pass(800);
    expect(await followed).toEqual({ kind: "refused", code: "download", text: "none of them" });
    expect(session.isEnded).toBe(true);
  });

  it("waits for the agent to close the session, but not for long", async () => {
    const session = new FakeSession("s-1").says(WHOLE);
    const followed = followFake(session);
    await clock.pass(800);
    expect(await followed).toMatchObject(ENDED);
    expect(session.isEnded).toBe(true);
  });

  it.each([
    ["closed, before the job", [READY], { kind: "closed", text: "why" }, false],
    ["lost, with the job under way", [READY, mark("@0"), "\none\n"], { kind: "lost", why: "network" }, true],
  ] as const)("reports that the session was %s", async (_, said, end, attached) => {
    const session = new FakeSession("s-1").says(...said).end(end);
    expect(await followFake(session)).toEqual({ kind: "ended", end, attached });
  });

  it("reports that bytes are missing", async () => {
    const session = new FakeSession("s-1").says(WHOLE.replace("one\n", "")).end({ kind: "closed-here" });
    expect(await followFake(session)).toMatchObject({
      kind: "gap",
      expected: SPOOL.length,
      got: SPOOL.length - 4,
      offset: 0,
    });
    expect(seen.at(-1)).toBe("gap");
    expect(session.typed).not.toContain("taken");
  });

  it("types nothing into a queued session, whose bootstrap would read it as the start", async () => {
    const session = new FakeSession("s-1", closing);
    const followed = followFake(session, { opening: 120_000 });
    for (let i = 0; i < 3; i += 1) await clock.pass(20_000);
    session.says(READY);
    await turn();
    expect(session.typed).toEqual(["start"]);
    session.says(WHOLE);
    await followed;
  });

  it("types `here` every twenty seconds until the session is over", async () => {
    const session = new FakeSession("s-1", closing).says(mark("@0"));
    const followed = followFake(session);
    await turn();
    for (let i = 0; i < 3; i += 1) await clock.pass(20_000);
    await turn();
    expect(session.typed).toEqual(["here 0", "here 0", "here 0"]);
    session.says(WHOLE);
    await followed;
  });

  it("types `here` when another run in the container asks for a sign, but not for each of many requests", async () => {
    const session = new FakeSession("s-1", closing).says(mark("@0"), mark("?"), mark("?"));
    const followed = followFake(session);
    await turn();
    expect(session.typed).toEqual(["here 0"]);
    await clock.pass(20_000);
    session.says(mark("?"));
    await turn();
    expect(session.typed).toEqual(["here 0", "here 0", "here 0"]);
    session.says(WHOLE);
    await followed;
  });

  it.each([
    [true, ["cancel", "end", "taken"]],
    [false, ["cancel", "taken"]],
  ])(
    "tells the job to stop when the credentials have ended, and its task to end: %s",
    async (mustEndTask, words) => {
      const stop = new AbortController();
      const session = new FakeSession("s-1", closing).says(mark("@0"));
      const followed = followFake(session, { expiry: { stop: stop.signal, mustEndTask } });
      await turn();
      stop.abort();
      // KILL comes after three seconds, and the last words later.
      for (let seconds = 0; seconds < 15; seconds += 1) clock.advance(1_000);
      expect(session.isEnded).toBe(false);
      session.says(WHOLE);
      expect(await followed).toMatchObject(ENDED);
      expect(session.typed).toEqual(words);
    },
  );

  it("closes the session when such a job does not stop within twenty seconds", async () => {
    const stop = new AbortController();
    stop.abort();
    const session = new FakeSession("s-1").says(mark("@0"));
    const followed = followFake(session, { expiry: { stop: stop.signal, mustEndTask: true } });
    await clock.pass(20_000);
    expect(await followed).toMatchObject({ kind: "ended", attached: true });
    expect(session.typed).not.toContain("end");
  });

  it("confirms output at once after each mebibyte, so that the container need not keep it", async () => {
    const line = `${"x".repeat(99)}\n`;
    const session = new FakeSession("s-1", closing).says(mark("@0"), "\n");
    const followed = followFake(session, { onShown: () => undefined });
    const sent = async (lines: number, all: number): Promise<void> => {
      session.says(line.repeat(lines), mark(`~ ${all * 100}`));
      await turn();
      await turn();
    };
    await sent(8_000, 8_000);
    expect(session.typed).toEqual([]);
    await sent(4_000, 12_000);
    expect(session.typed).toEqual(["here 1200000"]);
    await sent(4_000, 16_000);
    await sent(8_000, 24_000);
    expect(session.typed).toEqual(["here 1200000", "here 2400000"]);
    await clock.pass(20_000);
    expect(session.typed.at(-1)).toBe("here 2400000");
    session.says(mark(". 2400000 exited 0=0:1"));
    expect(await followed).toMatchObject(ENDED);
  });

  it("gives up a first session that the agent does not open within twenty seconds", async () => {
    const session = new FakeSession("s-1");
    const followed = followFake(session);
    await clock.pass(20_000);
    expect(await followed).toEqual({ kind: "unopened" });
    expect(session.isEnded).toBe(true);
  });

  it("waits for a first session as long as `opening` says, also beyond the longest silence", async () => {
    const session = new FakeSession("s-1");
    const followed = followFake(session, { opening: 500_000 });
    await clock.pass(20_000);
    await turn();
    expect(session.isEnded).toBe(false);
    for (let waited = 20_000; waited < 480_000; waited += 20_000) await clock.pass(20_000);
    expect(session.isEnded).toBe(false);
    await clock.pass(20_000);
    expect(await followed).toEqual({ kind: "unopened" });
  });

  it("ends the wait for a first session early when it is certain that the agent never opens one", async () => {
    const session = new FakeSession("s-1");
    const followed = followFake(session, { opening: 500_000, canNeverOpen: () => Promise.resolve(true) });
    await clock.pass(20_000);
    expect(await followed).toEqual({ kind: "unopened" });
  });

  it.each([
    ["proves nothing", () => Promise.resolve(false)],
    ["has no answer", () => new Promise<boolean>(() => undefined)],
  ])("waits on for a first session when a look at the task's role %s", async (_, canNeverOpen) => {
    const session = new FakeSession("s-1");
    void followFake(session, { opening: 500_000, canNeverOpen });
    await clock.pass(20_000);
    await turn();
    await clock.pass(20_000);
    expect(session.isEnded).toBe(false);
    await session.close();
  });

  it("gives the first session as much more time as other runs may hold its place", async () => {
    const session = new FakeSession("s-1");
    const more = [7_000, 0];
    const followed = followFake(session, { moreTime: () => Promise.resolve(more.shift() ?? 0) });
    await clock.pass(20_000);
    await turn();
    expect(session.isEnded).toBe(false);
    await clock.pass(7_000);
    expect(await followed).toEqual({ kind: "unopened" });
    expect(more).toEqual([]);
  });

  it("takes a request for a data key as proof that the session is open, however late the output comes", async () => {
    const session = new FakeSession("s-1", closing);
    session.heard = true;
    const followed = followFake(session);
    await clock.pass(20_000);
    await turn();
    expect(session.isEnded).toBe(false);
    session.says(WHOLE);
    expect(await followed).toMatchObject(ENDED);
  });

  it("gives a further session more time: it may have to wait for the one before it", async () => {
    const session = new FakeSession("s-1");
    const followed = followFake(session, { first: false });
    await clock.pass(150_000);
    expect(await followed).toMatchObject({
      kind: "ended",
      end: { kind: "lost", why: expect.stringMatching(/150 s/) as string },
    });
  });

  it("gives up a session that shows the job and then is silent for 120 s", async () => {
    const session = new FakeSession("s-1").says(mark("@0"), "\none\n");
    const followed = followFake(session);
    await turn();
    for (let i = 0; i < 10; i += 1) {
      clock.advance(30_000);
      session.says(mark("~ 4"));
      await turn();
    }
    expect(session.isEnded).toBe(false);
    let silent = 0;
    for (; !session.isEnded; silent += 1_000) {
      clock.advance(1_000);
      await turn();
    }
    expect(silent).toBe(120_000);
    expect(await followed).toEqual({
      kind: "ended",
      end: { kind: "lost", why: expect.stringMatching(/^nothing came for 120 s/) as string },
      attached: true,
    });
  });

  it("counts no silence while output that has come can't be shown yet", async () => {
    let drain = (): void => undefined;
    const drained = (): Promise<void> => new Promise((resolve) => (drain = resolve));
    const session = new FakeSession("s-1", closing).says(mark("@0"));
    const followed = followFake(session, { drained });
    await turn();
    clock.advance(600_000);
    await turn();
    expect(session.isEnded).toBe(false);
    session.says(`\n${SPOOL}${mark(`. ${SPOOL.length} exited 0=0:1`)}`);
    drain();
    expect(await followed).toMatchObject(ENDED);
  });

  it("tells the job to stop when it is cancelled, and reads how it ended", async () => {
    const session = new FakeSession("s-1", (at, text) => {
      closing(at, text);
      if (text === "cancel") at.says("\n", mark(". 0 cancelled 0=143:1!"));
    }).says(mark("@0"));
    const followed = followFake(session);
    await turn();
    cancel.abort(new Error("cancelled"));
    expect(await followed).toMatchObject({ kind: "status", status: { reason: "cancelled" } });
  });

  it("types nothing, and closes the session at once, when it is cancelled before the container is ready", async () => {
    cancel.abort(new Error("cancelled"));
    const session = new FakeSession("s-1");
    const followed = followFake(session);
    await clock.pass(0);
    expect(await followed).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: false });
    expect(session.typed).toEqual([]);
  });

  it("types no cancel into a loader, which would take it for a part of the payload", async () => {
    const session = new FakeSession("s-1").says(READY_NEW, mark("p"));
    const followed = followFake(session);
    await turn();
    cancel.abort(new Error("cancelled"));
    await clock.pass(0);
    expect(await followed).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: false });
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
  });

  it("types `cancel` after the secrets when the credentials end while a loader reads", async () => {
    const stop = new AbortController();
    const session = new FakeSession("s-1", closing).says(READY_NEW, mark("p"));
    const followed = followFake(session, { expiry: { stop: stop.signal, mustEndTask: false } });
    await turn();
    stop.abort();
    await turn();
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
    session.says(mark("s"));
    await turn();
    expect(session.typed.slice(2)).toEqual(["secrets", "cancel"]);
    session.says(WHOLE);
    await followed;
  });

  it("leaves a cancelled job four seconds after the cancel when it says nothing", async () => {
    const session = new FakeSession("s-1").says(mark("@0"), "\n");
    const followed = followFake(session);
    await turn();
    cancel.abort(new Error("cancelled"));
    await clock.pass(4_000);
    expect(await followed).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: true });
  });
});

describe("following a log", () => {
  async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) {
      await turn();
      yield Buffer.from(text, "latin1");
    }
  }
  const reading = (bytes: AsyncIterable<Uint8Array>) =>
    followLog(bytes, {
      extractor: new Extractor(NONCE, 1),
      onShown: (shown) => seen.push(...wordsOf(shown)),
    });

  it("ends with the status, without reading on", async () => {
    const found = reading(pieces(WHOLE.slice(0, 50), WHOLE.slice(50), "never"));
    expect(await found).toMatchObject(ENDED);
    expect(seen).toEqual(["head", "one", "two"]);
  });

  it.each([
    ["nothing of the job", ["noise"], { kind: "missing", attached: false }],
    ["a beginning only", [WHOLE.slice(0, 60)], { kind: "missing", attached: true }],
    ["a refusal", [mark("! job-directory none")], { kind: "refused", code: "job-directory", text: "none" }],
    [
      "a gap",
      [WHOLE.replace("one\n", "")],
      { kind: "gap", expected: SPOOL.length, got: SPOOL.length - 4, offset: 0 },
    ],
  ] as const)("reports what it found: %s", async (_, texts, found) => {
    expect(await reading(pieces(...texts))).toEqual(found);
  });
});
