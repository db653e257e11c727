import { Failure } from "../../src/errors.ts";
import { aborted } from "../../src/waiting.ts";
import { mark, READY, READY_NEW } from "../session/fake-session.ts";
import { type Script, Scene } from "./scene.ts";

const SPOOL = "\x1b]7733;h\x07head\none\n\x1b]7733;e\x07two\n";
const WHOLE = `${mark("@0")}\n${SPOOL}${mark(`. ${SPOOL.length} exited 0=3:1`)}\n`;
const ENDED = { end: { kind: "status", status: { kind: "ended", reason: "exited" } } };
const NO_ROLE = new Failure("role-not-assumed", { failed: "No role.", seen: "InvalidToken", advice: "" });

const silent: Script = () => undefined;
const says =
  (...texts: string[]): Script =>
  (session) =>
    void session.says(...texts);

/** A followed job whose first session the container has begun in this way. */
async function followed(script: Script, set: Partial<Scene> = {}) {
  const job = new Scene(script, silent);
  Object.assign(job, set);
  const end = job.follow();
  await job.settle();
  return { job, end, session: job.session };
}

/** The attacher reports that it lives. */
async function stayAlive(job: Scene, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 30_000) {
    job.clock.advance(30_000);
    job.session.says(mark("~ 0"));
    await job.settle();
  }
}

describe("a session that follows a job", () => {
  it("passes on what the job says, and ends with its status, which it acknowledges", async () => {
    const { job, end, session } = await followed(says(READY, mark("n hello"), WHOLE));
    expect(await end).toMatchObject(ENDED);
    expect([job.notes, job.timesAttached, job.shown]).toEqual([["hello"], 1, ["head", "one", "two"]]);
    expect(session.typed).toEqual(expect.arrayContaining(["start", "taken"]));
    expect(job.seatsGivenBack).toBe(1);
  });

  it("is closed when this action itself goes wrong with its output", async () => {
    const drained = (): Promise<void> => Promise.reject(new RangeError("a mistake"));
    const { end, session } = await followed(says(READY, mark("@0")), { drained });
    expect(await end).toMatchObject({
      end: { kind: "impossible", failure: { code: "internal-error", seen: "RangeError: a mistake" } },
    });
    expect(session.isEnded).toBe(true);
  });

  it("has nothing typed before it asks for it", async () => {
    const { job, end, session } = await followed(says("noise\n"));
    expect(session.typed).toEqual([]);
    session.says(READY_NEW);
    await job.settle();
    expect(session.typed).toEqual(["loader (no boto3)"]);
    session.says(mark("p"));
    await job.settle();
    session.says(mark("s"));
    await job.settle();
    expect(session.typed).toEqual(["loader (no boto3)", "payload", "secrets"]);
    session.says(WHOLE);
    await end;
  });

  it("has no `here` typed while a loader still reads the payload or the secrets", async () => {
    const { job, end, session } = await followed(says(READY_NEW), { opening: 120_000 });
    await job.pass(20_000);
    session.says(mark("p"));
    await job.settle();
    await job.pass(20_000);
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
    session.says(mark("s"));
    await job.settle();
    await job.pass(20_000);
    await job.settle();
    expect([...new Set(session.typed)]).toEqual(["loader (no boto3)", "payload", "secrets", "here 0"]);
    session.says(WHOLE);
    await end;
  });

  it("has nothing typed when echo can't be turned off", async () => {
    const { end, session } = await followed((self) =>
      self.says("\x1b]7733;echo\x07\n").end({ kind: "closed", text: "" }),
    );
    expect(await end).toMatchObject({ end: { kind: "refused", code: "echo" } });
    expect(session.typed).toEqual([]);
  });

  it("reports why the container refused", async () => {
    const { job, end, session } = await followed(says(READY, mark("! download none of them")));
    await job.clock.pass(800);
    expect((await end).end).toEqual({ kind: "refused", code: "download", text: "none of them" });
    expect(session.isEnded).toBe(true);
  });

  it("waits for the agent to close it, but not for long", async () => {
    const job = new Scene(says(WHOLE));
    const end = job.follow();
    await job.settle();
    // The agent closes nothing.
    expect(job.session.typed).toContain("taken");
    await job.settle();
    expect(await end).toMatchObject(ENDED);
    expect(job.session.isEnded).toBe(true);
  });

  it.each([
    ["closed, before the job", [READY], { kind: "closed", text: "why" }, false],
    ["lost, with the job under way", [READY, mark("@0"), "\none\n"], { kind: "lost", why: "network" }, true],
  ] as const)(
    "reports that it was %s, when there is no time for another one",
    async (_, said, how, attached) => {
      const job = new Scene((session) => session.says(...said).end(how));
      expect(await job.follow(0)).toMatchObject({ end: { kind: "ended", end: how, attached }, attached });
    },
  );

  it("reports that bytes are missing, when there is no time for another one", async () => {
    const job = new Scene((session) => session.says(WHOLE.replace("one\n", "")).end({ kind: "closed-here" }));
    expect((await job.follow(0)).end).toMatchObject({
      kind: "gap",
      expected: SPOOL.length,
      got: SPOOL.length - 4,
      offset: 0,
    });
    expect(job.shown.at(-1)).toBe("gap");
    expect(job.session.typed).not.toContain("taken");
  });

  it("has nothing typed while it is queued: its bootstrap would read that as the start", async () => {
    const { job, end, session } = await followed(silent, { opening: 120_000 });
    for (let i = 0; i < 3; i += 1) await job.pass(20_000);
    session.says(READY);
    await job.settle();
    expect(session.typed).toEqual(["start"]);
    session.says(WHOLE);
    await end;
  });

  it("has `here` typed as soon as the job is there, and then every five seconds until it is over", async () => {
    const { job, end, session } = await followed(says(mark("@0")));
    expect(session.typed).toEqual(["here 0"]);
    for (let i = 0; i < 3; i += 1) await job.clock.pass(5_000);
    await job.settle();
    expect(session.typed).toEqual(["here 0", "here 0", "here 0", "here 0"]);
    session.says(WHOLE);
    await end;
    await job.pass(15_000);
    expect(session.typed.filter((text) => text.startsWith("here"))).toHaveLength(4);
  });

  it("confirms output at once after each mebibyte, so that the container need not keep it", async () => {
    const line = `${"x".repeat(99)}\n`;
    const { job, end, session } = await followed(says(mark("@0"), "\n"));
    const sent = async (lines: number, all: number): Promise<void> => {
      session.says(line.repeat(lines), mark(`~ ${all * 100}`));
      await job.settle();
    };
    await sent(8_000, 8_000);
    expect(session.typed).toEqual(["here 0"]);
    await sent(4_000, 12_000);
    expect(session.typed).toEqual(["here 0", "here 1200000"]);
    await sent(4_000, 16_000);
    await sent(8_000, 24_000);
    expect(session.typed).toEqual(["here 0", "here 1200000", "here 2400000"]);
    await job.pass(20_000);
    await job.settle();
    expect(session.typed.at(-1)).toBe("here 2400000");
    session.says(mark(". 2400000 exited 0=0:1"));
    expect(await end).toMatchObject(ENDED);
  });
});

describe("a job whose step has no credentials any more", () => {
  it.each([
    [true, ["cancel", "end", "taken"]],
    [false, ["cancel", "taken"]],
  ])("is told to stop through its session, and its task to end: %s", async (mustEndTask, words) => {
    const { job, end, session } = await followed(says(mark("@0")), { task: NO_ROLE, mustEndTask });
    await job.until(() => session.typed.includes("cancel"), 25_000);
    // KILL comes after three seconds, and the last words later.
    await job.pass(15_000);
    expect(session.isEnded).toBe(false);
    session.says(WHOLE);
    expect(await end).toMatchObject(ENDED);
    expect(session.typed.filter((text) => !text.startsWith("here"))).toEqual(words);
  });

  it("has its session closed when it does not stop within twenty seconds", async () => {
    const { job, session } = await followed(says(mark("@0")), { task: NO_ROLE });
    await job.until(() => session.typed.includes("cancel"), 25_000);
    const waited = await job.until(() => session.isEnded, 25_000);
    expect(waited).toBeGreaterThan(19_900);
    expect(waited).toBeLessThan(20_200);
    expect(session.typed).not.toContain("end");
  });

  it("is told to stop after the secrets when its container still loads the payload", async () => {
    const { job, end, session } = await followed(says(READY_NEW, mark("p")), { task: NO_ROLE });
    await job.until(() => job.warnings.length > 0, 25_000);
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
    session.says(mark("s"));
    await job.settle();
    expect(session.typed.slice(2)).toEqual(["secrets", "cancel"]);
    session.says(WHOLE);
    await end;
  });
});

describe("a session that the agent does not open", () => {
  const UNOPENED = { end: { kind: "impossible", failure: { code: "container-blocked" } } };

  it("is waited for as long as it may take, also beyond the longest silence", async () => {
    const { job, end, session } = await followed(silent, { opening: 500_000 });
    await job.pass(20_000);
    await job.settle();
    expect(session.isEnded).toBe(false);
    for (let waited = 20_000; waited < 480_000; waited += 20_000) await job.pass(20_000);
    expect(session.isEnded).toBe(false);
    await job.pass(20_000);
    expect(await end).toMatchObject(UNOPENED);
  });

  it("is given up early when it is certain that the agent never opens it", async () => {
    const canNeverOpen = () => Promise.resolve(true);
    const { job, end } = await followed(silent, { opening: 500_000, canNeverOpen });
    await job.pass(20_000);
    expect(await end).toMatchObject(UNOPENED);
  });

  it.each([
    ["proves nothing", () => Promise.resolve(false)],
    ["has no answer", () => new Promise<boolean>(() => undefined)],
  ])("is waited for when a look at the task's role %s", async (_, canNeverOpen) => {
    const { job, session } = await followed(silent, { opening: 500_000, canNeverOpen });
    await job.pass(20_000);
    await job.settle();
    await job.pass(20_000);
    expect(session.isEnded).toBe(false);
  });

  it("gets as much more time as other runs may hold its seat", async () => {
    const moreTime = [7_000, 0];
    const { job, end, session } = await followed(silent, { moreTime });
    await job.pass(20_000);
    await job.settle();
    expect(session.isEnded).toBe(false);
    await job.clock.pass(7_000);
    expect(await end).toMatchObject(UNOPENED);
    expect(moreTime).toEqual([]);
  });

  it("is no such one when the agent opens it while the step looks for other runs", async () => {
    const looked = new AbortController();
    const { job, end, session } = await followed(silent, {
      moreTime: [aborted(looked.signal).then(() => 0)],
    });
    await job.pass(20_000);
    session.says(READY_NEW);
    await job.settle();
    looked.abort();
    await job.settle();
    expect(session.isEnded).toBe(false);
    session.says(WHOLE);
    expect(await end).toMatchObject(ENDED);
  });

  it("is no such one once it asks for a data key, however late its output comes", async () => {
    const { job, end, session } = await followed((self) => void (self.heard = true));
    await job.pass(20_000);
    await job.settle();
    expect(session.isEnded).toBe(false);
    session.says(WHOLE);
    expect(await end).toMatchObject(ENDED);
  });
});

describe("a silent session", () => {
  it("that follows another one gets more time: it may have to wait for that one's end", async () => {
    const { job } = await followed((session) => session.says(READY).end({ kind: "lost", why: "network" }));
    await job.pause(1_000);
    await job.clock.pass(150_000);
    await job.log.until(/Session s-2 was cut: the exec agent opened no session within 150 s/);
  });

  it("that has shown the job is given up after 120 s", async () => {
    const { job, session } = await followed(says(mark("@0"), "\n"));
    await stayAlive(job, 300_000);
    expect(session.isEnded).toBe(false);
    let silentFor = 0;
    for (; !session.isEnded; silentFor += 1_000) {
      job.clock.advance(1_000);
      await job.settle();
    }
    expect(silentFor).toBe(120_000);
    await job.log.until(/Session s-1 was cut: nothing came for 120 s/);
  });

  it("is not silent while output that has come can't be shown yet", async () => {
    let drain = (): void => undefined;
    const drained = (): Promise<void> => new Promise((resolve) => (drain = resolve));
    const { job, end, session } = await followed(says(mark("@0"), "\none\n"), { drained });
    job.clock.advance(600_000);
    await job.settle();
    expect(session.isEnded).toBe(false);
    session.says(`two\n${mark(". 8 exited 0=0:1")}`);
    Object.assign(job, { drained: () => Promise.resolve() });
    drain();
    await job.settle();
    drain();
    expect(await end).toMatchObject(ENDED);
  });
});

describe("a job that is cancelled while a session follows it", () => {
  it("is told to stop, and reports how it ended", async () => {
    const { job, end, session } = await followed(says(mark("@0")));
    job.cancel.abort(new Error("cancelled"));
    await job.settle();
    expect(session.typed).toEqual(["here 0", "cancel"]);
    session.says("\n", mark(". 0 cancelled 0=143:1!"));
    expect(await end).toMatchObject({ end: { kind: "status", status: { reason: "cancelled" } } });
  });

  it("is told to stop at once, also while the runner's log takes no output", async () => {
    const drained = (): Promise<void> => new Promise(() => undefined);
    const { job, session } = await followed(says(mark("@0"), "\none\n"), { drained });
    job.cancel.abort(new Error("cancelled"));
    await job.settle();
    expect(session.typed).toEqual(["here 0", "cancel"]);
    await job.clock.pass(4_000);
    expect(session.isEnded).toBe(true);
  });

  it("has its session closed at once, and nothing typed, before the container is ready", async () => {
    const job = new Scene(silent);
    job.cancel.abort(new Error("cancelled"));
    const end = job.follow();
    await job.clock.pass(0);
    expect((await end).end).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: false });
    expect(job.typed).toEqual([]);
  });

  it("has no cancel typed into a loader, which would take it for a part of the payload", async () => {
    const { job, end, session } = await followed(says(READY_NEW, mark("p")));
    job.cancel.abort(new Error("cancelled"));
    await job.clock.pass(0);
    expect((await end).end).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: false });
    expect(session.typed).toEqual(["loader (no boto3)", "payload"]);
  });

  it("is left four seconds after the cancel when it says nothing", async () => {
    const { job, end } = await followed(says(mark("@0"), "\n"));
    job.cancel.abort(new Error("cancelled"));
    await job.clock.pass(4_000);
    expect((await end).end).toEqual({ kind: "ended", end: { kind: "closed-here" }, attached: true });
  });

  it("is not waited for once its end is known, though the agent acknowledges nothing", async () => {
    const { job, session } = await followed(says(READY, mark("@0")));
    session.isDeaf = true;
    session.says(WHOLE);
    await job.pass(1_000);
    expect([session.typed.at(-1), job.ended]).toEqual(["taken", undefined]);
    job.cancel.abort(new Error("cancelled"));
    expect(await job.until(() => job.ended !== undefined, 15_000)).toBeLessThanOrEqual(1_700);
    expect(job.ended).toMatchObject(ENDED);
  });

  it("has no output shown that is still unread four seconds after the cancel", async () => {
    let drain = (): void => undefined;
    const drained = (): Promise<void> => new Promise((resolve) => (drain = resolve));
    const { job, end, session } = await followed(says(`${mark("@0")}\none\n`), { drained });
    session.says("two\n");
    job.cancel.abort(new Error("cancelled"));
    await job.clock.pass(4_000);
    session.says("three\n");
    for (let i = 0; job.ended === undefined && i < 20; i += 1) {
      drain();
      await job.settle();
    }
    expect(await end).toMatchObject({ end: { kind: "ended", attached: true } });
    expect(job.shown).not.toContain("two");
  });
});

it("a job is not left before its container has all of its items", async () => {
  let give = (): void => undefined;
  const allGiven = new Promise<void>((resolve) => (give = resolve));
  const { job, session } = await followed(says(READY, mark("@0")), {
    detachAfter: 1,
    itemOrders: [],
    allGiven,
  });
  await job.pass(30_000);
  expect(session.typed).not.toContain("detach");
  give();
  await job.pass(100);
  expect(session.typed).toContain("detach");
});

it("a job that a cancel leaves to the next step is left soon, though the agent acknowledges nothing", async () => {
  const { job, session } = await followed(says(READY, mark("@0")), { detachAfter: 3_600_000 });
  session.isDeaf = true;
  job.detachNow.abort();
  expect(await job.until(() => job.ended !== undefined, 15_000)).toBeLessThanOrEqual(3_900);
  expect(job.ended).toMatchObject({ end: { kind: "detached" } });
  expect(session.typed).toContain("detach");
});

it("a job that is cancelled while it is being left is left to nobody, and is stopped by a command of its own", async () => {
  const { job, end, session } = await followed(says(READY, mark("@0")), { detachAfter: 0 });
  await job.until(() => session.typed.includes("detach"), 1_000);
  job.cancel.abort();
  await job.settle();
  session.end({ kind: "closed", text: "" });
  expect(await end).toMatchObject({ end: { kind: "ended" }, attached: true });
  expect([session.typed.includes("cancel"), job.sessions.length]).toEqual([true, 1]);
});
