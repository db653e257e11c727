import { gzipSync } from "node:zlib";
import { setImmediate as turn } from "node:timers/promises";
import { Failure } from "../../src/errors.ts";
import { describeEnd } from "../../src/carriers/session-end.ts";
import type { SessionEnd } from "../../src/session/end.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";
import { type FakeSession, mark, READY } from "../session/fake-session.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { type Script, Scene, SPOOL } from "./scene.ts";

const from = (at: number): string => `${READY}${mark(`@${at}`)}\n${SPOOL.slice(at)}`;
const END = mark(`. ${SPOOL.length} exited 0=3:1`);
const ENDED = { kind: "status", status: { kind: "ended", reason: "exited" } };
const STOPPED = aTask({
  lastStatus: "STOPPED",
  desiredStatus: "STOPPED",
  stopCode: "SpotInterruption",
  stoppedReason: "Your Spot Task was interrupted.",
  containers: [aContainer({ lastStatus: "STOPPED", exitCode: 137 })],
});
const CLOSED_HERE: SessionEnd = { kind: "closed-here" };
const LOST: SessionEnd = { kind: "lost", why: "the network is gone" };
const MINUTE = 60_000;

/** Follows the job, and resolves with its end. */
const endOf = async (job: Scene, minutes?: number) => (await job.follow(minutes)).end;

const whole: Script = (session, at) => session.says(from(at), END);
const cut =
  (end: SessionEnd, ...said: string[]): Script =>
  (session) =>
    session.says(...said).end(end);

describe("following a job through its sessions", () => {
  it("needs one session when none is cut", async () => {
    const job = new Scene(whole);
    expect(await endOf(job)).toMatchObject(ENDED);
    expect(job.shown).toEqual(["one", "two", "three"]);
    expect([job.attachedAt, job.terminated, job.log.lines]).toEqual([[0], [], []]);
  });

  it("says every half minute what it waits for until the job is shown, and nothing after that", async () => {
    const job = new Scene((session) => session.says(mark("open")));
    const attended = endOf(job);
    await turn();
    const [first] = job.sessions;
    job.clock.advance(30_000);
    await turn();
    expect(job.log.lines).toEqual(["waiting for the container to fetch the script and to start it (30 s)"]);
    first?.says(from(0));
    await turn();
    job.clock.advance(31_000);
    first?.says(END);
    expect(await attended).toMatchObject(ENDED);
    expect(job.log.lines).toHaveLength(1);
    expect(job.log.phases).toEqual([undefined]);
  });

  it.each<[string, string[], number]>([
    ["before it was ready", [], 0],
    ["before the job was there", [READY], 0],
    ["between two lines", [from(0).slice(0, -"two\nthree\n".length)], 4],
    ["in the middle of a line", [from(0).slice(0, -"o\nthree\n".length)], 4],
    ["in the middle of a mark", [from(0), mark("~").slice(0, 9)], SPOOL.length],
    ["in the middle of the end", [from(0), END.slice(0, -1)], SPOOL.length],
  ])("goes on where a session was cut: %s", async (_, said, at) => {
    const job = new Scene(cut(LOST, ...said), whole);
    const attended = endOf(job);
    await job.pause(said.length > 0 && at > 0 ? 500 : 1_000);
    expect(await attended).toMatchObject(ENDED);
    expect(job.attachedAt).toEqual([0, at]);
    expect(job.shown).toEqual(["one", "two", "three"]);
    expect(job.log.lines).toEqual([
      `Session s-1 was cut: the network is gone. Attaching again at byte ${at}.`,
    ]);
  });

  it.each<[string, SessionEnd, string[]]>([
    ["ends a session that was lost, since it still holds its seat", LOST, ["s-1"]],
    [
      "ends a session that the run has closed, since the agent may not have heard of that",
      CLOSED_HERE,
      ["s-1"],
    ],
    ["does not end a session that was closed", { kind: "closed", text: "Session is timed out" }, []],
  ])("%s", async (_, end, terminated) => {
    const job = new Scene(cut(end, READY), whole);
    const attended = endOf(job);
    await job.pause(1_000);
    expect(await attended).toMatchObject(ENDED);
    expect(job.terminated).toEqual(terminated);
  });

  it("does not believe an end mark when bytes before it are missing", async () => {
    const job = new Scene(
      (session) => session.says(from(0).replace("two\n", ""), END).end({ kind: "closed-here" }),
      whole,
    );
    const attended = endOf(job);
    await job.untilSession(2);
    expect(await attended).toMatchObject(ENDED);
    expect(job.terminated).toEqual(["s-1"]);
    expect(job.attachedAt).toEqual([0, 0]);
    expect(job.shown).toEqual(["one", "three", "gap", "one", "two", "three"]);
    expect(job.log.lines[0]).toContain("byte 14 was expected and byte 10 came.");
    expect(job.log.lines[0]).toMatch(/^warning: .* after byte 0 /);
  });

  it("takes a packed piece that is larger than this job may hold for damage, and goes on in another session", async () => {
    const [large, fits] = [900, 400].map((length) => {
      const text = `${"x".repeat(length - 1)}\n`;
      return [
        ...[READY, mark("@0"), "\n", mark(`# 0 ${length}`), gzipSync(text).toString("base64"), mark("%")],
        mark(`. ${length} exited 0=0:1`),
      ];
    });
    const job = new Scene(
      (session) => session.says(...(large ?? [])).end({ kind: "closed-here" }),
      (session) => session.says(...(fits ?? [])),
    );
    job.limits = { ...new StepBudget().spoolLimits(1), largestPack: 800 };
    const attended = endOf(job);
    await job.untilSession(2);
    expect(await attended).toMatchObject(ENDED);
    expect(job.shown).toEqual(["gap", "x".repeat(399)]);
  });

  it.each<[string, SessionEnd]>([
    ["no shell", { kind: "closed", text: "Unable to start command: exec: no such file" }],
    ["encryption that isn't set up", { kind: "closed", text: "Log group encryption is not set up" }],
    ["a handshake that failed", { kind: "closed", text: "error when initiating handshake" }],
    [
      "a right that is missing",
      { kind: "lost", why: "no", cause: new Failure("access-denied", { failed: "", seen: "", advice: "" }) },
    ],
  ])("opens no other session when that would end the same way: %s", async (_, end) => {
    const job = new Scene(cut(end));
    expect(await endOf(job)).toEqual({ kind: "ended", end, attached: false });
    expect(job.attachedAt).toEqual([0]);
  });

  it("opens sessions less and less often while they bring nothing, and gives up after the eighth", async () => {
    const job = new Scene(cut(LOST, READY));
    const attended = endOf(job);
    const pauses: number[] = [];
    for (let session = 2; session <= 8; session += 1) pauses.push(await job.untilSession(session));
    for (const [i, longest] of [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000].entries()) {
      expect(pauses[i]).toBeGreaterThanOrEqual(longest / 2);
      expect(pauses[i]).toBeLessThanOrEqual(longest + 100);
    }
    expect(await attended).toMatchObject({ kind: "ended", end: LOST });
    expect(job.attachedAt).toHaveLength(8);
  });

  it("reports that the script may have run once any session has shown the job", async () => {
    const job = new Scene(cut(LOST, from(0)), cut(LOST, READY));
    const attended = job.follow();
    await job.untilSession(8);
    job.cancel.abort(new Error("cancelled"));
    expect(await attended).toMatchObject({ attached: true });
    expect(job.timesAttached).toBe(1);
  });

  it("reports that no script has run when no session has shown the job", async () => {
    const job = new Scene(cut({ kind: "closed", text: "" }, READY, mark("! job-directory none to write to")));
    expect(await job.follow()).toEqual({
      end: { kind: "refused", code: "job-directory", text: "none to write to" },
      attached: false,
      ...{ byPieces: false, hasOthers: false, isClosed: true },
    });
    expect(job.timesAttached).toBe(0);
  });

  it("never gives up a silent job whose sessions are cut", async () => {
    const job = new Scene(cut(LOST, mark("@0"), "\n"));
    const attended = endOf(job);
    await job.untilSession(20);
    job.cancel.abort(new Error("cancelled"));
    await attended;
    expect(job.sessions.length).toBeGreaterThanOrEqual(20);
  });

  it("makes its pauses short again after output", async () => {
    const lines = (session: FakeSession, at: number): unknown =>
      at < SPOOL.length - 1
        ? session
            .says(
              from(at).slice(0, from(at).indexOf("\n", from(at).indexOf("@")) + 1),
              SPOOL.slice(at, SPOOL.indexOf("\n", at) + 1),
            )
            .end(LOST)
        : whole(session, at);
    const job = new Scene(cut(LOST, READY), (session, at) => void lines(session, at));
    const attended = endOf(job);
    await job.pause(1_000);
    for (let i = 0; i < 3; i += 1) await job.pause(500);
    expect(await attended).toMatchObject(ENDED);
    expect(job.attachedAt).toEqual([0, 0, 4, 8, 14]);
    expect(job.shown).toEqual(["one", "two", "three"]);
  });

  it("reports a refusal, and opens no other session", async () => {
    const job = new Scene(cut({ kind: "closed", text: "" }, READY, mark("! gone it is not there")));
    expect(await endOf(job)).toEqual({ kind: "refused", code: "gone", text: "it is not there" });
    expect(job.attachedAt).toEqual([0]);
  });

  it("reports why there can be no other session", async () => {
    const failure = new Failure("exec-agent-stopped", { failed: "", seen: "", advice: "" });
    const job = new Scene(cut(LOST, READY), () => {
      throw failure;
    });
    const attended = endOf(job);
    await job.pause(1_000);
    expect(await attended).toEqual({ kind: "impossible", failure });
  });

  it.each(["session-lost", "aws-unreachable", "throttled"] as const)(
    "tries again when a new session fails for a reason that may pass: %s",
    async (code) => {
      const failure = new Failure(code, { failed: "", seen: "what was seen", advice: "" });
      const job = new Scene(
        cut(LOST, READY),
        () => {
          throw failure;
        },
        whole,
      );
      const attended = endOf(job);
      await job.pause(1_000);
      await job.pause(2_000);
      expect(await attended).toMatchObject(ENDED);
      expect(job.log.lines.slice(1)).toEqual(["No session yet: what was seen"]);
    },
  );

  it.each([
    [false, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]],
    [true, [1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]],
  ])(
    "tries less and less often while no session can be opened, but each 5 s under a lock: %s",
    async (isFenced, pauses) => {
      const failure = new Failure("session-lost", { failed: "", seen: "", advice: "" });
      const job = new Scene(cut(LOST, READY), () => {
        throw failure;
      });
      job.isFenced = isFenced;
      const attended = endOf(job);
      for (const [tries, longest] of pauses.entries()) {
        const begun = job.clock.now();
        await job.clock.runUntil(() => job.attachedAt.length > tries + 1);
        expect(job.clock.now() - begun).toBeGreaterThanOrEqual(longest / 2);
        expect(job.clock.now() - begun).toBeLessThanOrEqual(longest + 100);
      }
      job.cancel.abort(new Error("cancelled"));
      await attended;
    },
  );

  const silent: Script = () => undefined;

  it("says why the agent never opened the first session, and ends it, since it may be queued", async () => {
    const job = new Scene(silent);
    const attended = endOf(job);
    await job.clock.pass(20_000);
    expect(await attended).toMatchObject({ kind: "impossible", failure: { code: "container-blocked" } });
    expect([job.attachedAt, job.terminated]).toEqual([[0], ["s-1"]]);
  });

  it("waits longer for a session that follows an opened one", async () => {
    const job = new Scene(cut(LOST, READY), silent, whole);
    const attended = endOf(job);
    await job.pause(1_000);
    await job.clock.pass(150_000);
    await job.pause(2_000);
    expect(await attended).toMatchObject(ENDED);
    expect(job.terminated).toEqual(["s-1", "s-2"]);
  });

  it("gives up after ten minutes in which the agent opened no session, and knows that the script was started", async () => {
    const job = new Scene(cut(LOST, from(0)), silent);
    const attended = endOf(job);
    await job.untilSession(5);
    await job.clock.runUntil(() => job.ended !== undefined);
    expect(await attended).toMatchObject({ kind: "ended", end: { kind: "lost" }, attached: true });
    expect(job.sessions).toHaveLength(5);
  });

  it("fails when the first session can't be opened", async () => {
    const failure = new Failure("session-lost", { failed: "", seen: "", advice: "" });
    const job = new Scene(() => {
      throw failure;
    });
    expect(await job.follow()).toMatchObject({ end: { kind: "impossible", failure }, attached: false });
  });
});

describe("the task's end", () => {
  it("is reported instead of the session's end", async () => {
    const job = new Scene(cut({ kind: "closed", text: "something went wrong" }, from(0)));
    job.task = STOPPED;
    expect(await endOf(job)).toMatchObject({
      kind: "impossible",
      failure: { code: "task-stopped", seen: expect.stringContaining("SpotInterruption") as string },
    });
    expect(job.attachedAt).toEqual([0]);
  });

  it("is seen while a session hangs", async () => {
    const job = new Scene((session) => session.says(from(0)));
    const attended = endOf(job);
    job.task = STOPPED;
    await job.clock.pass(15_000, 17_000);
    await job.clock.pass(1_000);
    expect(await attended).toMatchObject({ kind: "impossible", failure: { code: "task-stopped" } });
  });

  it("leaves a moment for the job's last words", async () => {
    const job = new Scene((session) => session.says(from(0)));
    const attended = endOf(job);
    job.task = STOPPED;
    await job.clock.pass(15_000, 17_000);
    await turn();
    job.sessions[0]?.says(END);
    expect(await attended).toMatchObject(ENDED);
  });

  it("stays unknown when the task can't be looked at", async () => {
    const job = new Scene(cut(LOST, READY), whole);
    job.task = new Failure("access-denied", { failed: "", seen: "", advice: "" });
    const attended = endOf(job);
    await job.pause(1_000);
    expect(await attended).toMatchObject(ENDED);
  });

  it("is assumed when ECS has forgotten the task", async () => {
    const job = new Scene(cut(LOST, READY));
    job.task = undefined;
    expect(await endOf(job)).toMatchObject({ kind: "impossible", failure: { code: "task-not-found" } });
  });
});

describe("a cancelled job", () => {
  it("is told to stop, and reports how it ended", async () => {
    const job = new Scene((session) => session.says(from(0)));
    const attended = endOf(job);
    await turn();
    job.cancel.abort(new Error("cancelled"));
    await turn();
    expect(job.sessions[0]?.typed).toContain("cancel");
    job.sessions[0]?.says(mark(`. ${SPOOL.length} cancelled 0=143:1!`));
    expect(await attended).toMatchObject({ kind: "status", status: { reason: "cancelled" } });
  });

  it("gets no further session", async () => {
    const job = new Scene((session) => session.says(from(0)));
    const attended = endOf(job);
    await turn();
    job.cancel.abort(new Error("cancelled"));
    job.sessions[0]?.end(LOST);
    expect(await attended).toEqual({ kind: "ended", end: LOST, attached: true });
    expect(job.attachedAt).toEqual([0]);
  });

  it("is not waited for between two sessions", async () => {
    const job = new Scene(cut(LOST, READY));
    const attended = endOf(job);
    await job.log.until(/./);
    job.cancel.abort(new Error("cancelled"));
    expect(await attended).toMatchObject({ kind: "impossible" });
    expect(job.attachedAt).toEqual([0]);
  });
});

it("following ends when its time is over, whatever the session does", async () => {
  const job = new Scene((session) => session.says(from(0)));
  const attended = endOf(job, 1);
  await job.clock.pass(MINUTE);
  expect(await attended).toMatchObject({ kind: "ended", end: { kind: "closed-here" }, attached: true });
  expect(job.attachedAt).toEqual([0]);
});

it("the task is not looked at any more once the job is over", async () => {
  const job = new Scene(whole);
  await endOf(job);
  job.clock.advance(10 * MINUTE);
  await turn();
  expect(job.looks).toBe(0);
});

it.each<[SessionEnd, string]>([
  [{ kind: "closed", text: "" }, "closed by the other side, without a reason."],
  [{ kind: "closed", text: " why\n" }, "why"],
  [LOST, "the network is gone."],
  [{ kind: "closed-here" }, "closed by the run."],
])("the end %j is described as %j", (end, words) => {
  expect(describeEnd(end)).toBe(words);
});
