import { setImmediate as turn } from "node:timers/promises";
import { Scene, SPOOL } from "./scene.ts";
import { anObject } from "./pieces/folder.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";
import { type FakeSession, mark, READY } from "../session/fake-session.ts";
import { Failure } from "../../src/errors.ts";
import type { SessionEnd } from "../../src/session/end.ts";
import { NO_WORDS } from "../../src/carriers/pieces/orders.ts";

const STATUS = "exited 0=3:1";
const ENDED = { end: { kind: "status", status: { kind: "ended", reason: "exited" } } };
const WHOLE = ["one", "two", "three"];
const STOPPED = aTask({
  lastStatus: "STOPPED",
  desiredStatus: "STOPPED",
  stopCode: "SpotInterruption",
  stoppedReason: "Your Spot Task was interrupted.",
  containers: [aContainer({ lastStatus: "STOPPED", exitCode: 137 })],
});

describe("a job whose output goes by S3", () => {
  it("gets its upload order once the attacher shows it, and releases its session once a piece has come", async () => {
    const job = Scene.withBucket();
    const followed = job.follow();
    await job.until(() => job.typed.includes("s3 .") || job.typed.some((t) => t.endsWith("s3 .")), 1_000);
    await job.pass(3_000);
    expect(job.typed).not.toContain("left");
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await job.until(() => job.typed.includes("left"), 1_000);
    await job.until(() => job.seatsGivenBack === 1, 1_000);
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 1_000);
    expect(await followed).toMatchObject({ ...ENDED, attached: true, byPieces: true });
    expect(job.shown).toEqual(WHOLE);
    expect(job.sessions).toHaveLength(1);
    expect(job.bucket.controls.at(-1)).toEqual({ begin: SPOOL.length, words: "taken" });
    expect(job.warnings).toEqual([]);
  });

  it("ends at once when its last piece comes while the runner still reads what was shown before", async () => {
    const job = Scene.withBucket();
    await job.release();
    let answer: (() => void) | undefined;
    job.bucket.late = (name) =>
      name === "2" ? new Promise((resolve) => (answer = resolve)) : Promise.resolve();
    await job.until(() => answer !== undefined, 10_000);
    job.drained = async () => {
      answer?.();
      for (let turns = 0; turns < 5; turns += 1) await turn();
    };
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.shown).toEqual(WHOLE);
  });

  it.each<[string, string, number, number]>([
    ["it has lasted two seconds", SPOOL.slice(0, 4), 1_900, 2_200],
    ["it has printed much", `${"x".repeat(300_000)}\n`, 0, 300],
  ])(
    "gets its upload order when %s, if S3 is only for jobs that last",
    async (_, printed, earliest, latest) => {
      const job = Scene.withBucket((session) => session.says(`${READY}${mark("@0")}\n${printed}`));
      job.s3 = "when the job lasts";
      void job.follow();
      const after = await job.until(() => job.bucket.folders.length === 1, latest);
      expect(after).toBeGreaterThanOrEqual(earliest);
    },
  );

  it("gets no upload order with credentials that end before a renewal can reach the container", async () => {
    const job = Scene.withBucket();
    job.bucket.signature = { credentialsEnd: job.clock.now() + 200_000 };
    void job.follow();
    await job.pass(10_000);
    expect(job.typed.filter((text) => text.startsWith("s3 "))).toEqual([]);
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.shown).toEqual(WHOLE);
  });

  it("gets no upload order when the session has to carry the output, however much that is", async () => {
    const job = Scene.withBucket((session) =>
      session.says(`${READY}${mark("@0")}\n${"x".repeat(300_000)}\n`),
    );
    job.s3 = "never";
    void job.follow();
    await job.pass(10_000);
    expect(job.bucket.folders).toEqual([]);
  });

  it("gets no upload order when it is over in a moment", async () => {
    const job = Scene.withBucket();
    job.s3 = "when the job lasts";
    void job.follow();
    await job.pass(1_500);
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await job.until(() => job.ended !== undefined, 2_000);
    await job.pass(2_000);
    expect([job.bucket.folders.length, job.shown]).toEqual([0, WHOLE]);
  });

  it("ends through its session when it is over before S3 is proven to work", async () => {
    const job = Scene.withBucket((session) =>
      session.says(`${READY}${mark("@0")}\n${SPOOL}`, mark(`. ${SPOOL.length} ${STATUS}`)),
    );
    const followed = job.follow();
    await job.until(() => job.ended !== undefined, 2_000);
    expect(await followed).toMatchObject({ ...ENDED, byPieces: false, isClosed: true });
    expect(job.typed).toContain("taken");
    expect(job.bucket.controls).toEqual([]);
  });

  it("is left running once its output comes by S3, and `control` says so to the container", async () => {
    const job = Scene.withBucket();
    Object.assign(job, { detachAfter: 0, mustKeepAll: true });
    const followed = job.follow();
    await job.until(() => job.bucket.folders.length === 1, 1_000);
    await job.pass(3_000);
    expect(job.ended).toBeUndefined();
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await job.until(() => job.ended !== undefined, 5_000);
    expect(await followed).toMatchObject({ end: { kind: "detached" }, attached: true });
    expect(job.bucket.controls.at(-1)?.words).toMatch(/^detach$/m);
    expect(job.bucket.controls.at(-1)?.words).toMatch(/^post-until /m);
    expect([job.seatsGivenBack, job.stops]).toEqual([1, 0]);
  });

  it("is not left before it is known whether S3 works, also when its first sessions were cut", async () => {
    const showFirst = (session: FakeSession): unknown =>
      session.says(`${READY}${mark("@0")}\n${SPOOL.slice(0, 4)}`);
    const lost = { kind: "lost", why: "the network is gone" } as const;
    const job = Scene.withBucket(
      (session) => session.end(lost),
      (session) => void (showFirst(session), session.end(lost)),
      showFirst,
    );
    Object.assign(job, { detachAfter: 0, mustKeepAll: true });
    const followed = job.follow();
    await job.until(() => job.sessions.length === 3, 5_000);
    await job.pass(3_000);
    expect(job.ended).toBeUndefined();
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await job.until(() => job.ended !== undefined, 5_000);
    expect(await followed).toMatchObject({
      end: { kind: "detached", writableUntil: expect.any(Number) as number },
    });
    expect(job.typed).not.toContain("detach");
  });

  it("is left running by a line in its session after a while, when the session carries the output", async () => {
    const job = Scene.withBucket();
    Object.assign(job, { detachAfter: 5_000, s3: "never" });
    const followed = job.follow();
    await job.pass(4_500);
    expect(job.typed).not.toContain("detach");
    await job.until(() => job.typed.includes("detach"), 1_000);
    // What comes now may be artifacts. The next step unpacks them from their beginning, so nothing is confirmed.
    job.sessions[0]?.says(`${"x".repeat(1_048_576)}\n${mark("~ 1048581")}`);
    await job.until(() => job.shown.length > 1, 1_000);
    expect(job.typed.at(-1)).toBe("detach");
    job.sessions[0]?.end({ kind: "closed", text: "" });
    await job.until(() => job.ended !== undefined, 1_000);
    expect(await followed).toMatchObject({ end: { kind: "detached", writableUntil: undefined } });
  });

  it("is left with the folder of an order of which nothing has come, since the container may obey it yet", async () => {
    const job = Scene.withBucket();
    Object.assign(job, { detachAfter: 3_600_000, mustKeepAll: true });
    const followed = job.follow();
    await job.until(() => job.bucket.folders.length === 1, 3_000);
    await job.pass(1_000);
    job.detachNow.abort();
    await job.until(() => job.typed.includes("detach"), 1_000);
    job.sessions[0]?.end({ kind: "closed", text: "" });
    await job.until(() => job.ended !== undefined, 1_000);
    const until = expect.any(Number) as number;
    expect(await followed).toMatchObject({ end: { kind: "detached", writableUntil: until } });
  });

  it("is followed to its end once its artifacts come, since the next step would lack their beginning", async () => {
    const job = Scene.withBucket();
    Object.assign(job, { detachAfter: 5_000, s3: "never", isEnding: true });
    const followed = job.follow();
    await job.pass(6_000);
    expect(job.typed).not.toContain("detach");
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await job.until(() => job.ended !== undefined, 2_000);
    expect(await followed).toMatchObject(ENDED);
  });

  it("keeps the session's seat when the attacher has to stay, and says `taken` by both carriers", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    job.sessions[0]?.says(mark("n The session stays open."), mark("~ 4"));
    await job.pass(70_000);
    job.bucket.put("alive", 1, 4, "");
    expect([job.seatsGivenBack, job.notes]).toEqual([0, ["The session stays open."]]);
    expect(job.typed.filter((text) => text === "here 4").length).toBeGreaterThan(2);
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.typed).toContain("taken");
    expect(job.bucket.controls.at(-1)?.words).toBe("taken");
    expect(job.shown).toEqual(WHOLE);
    await job.until(() => job.seatsGivenBack === 1, 1_000);
  });

  it("gives its session up when the attacher stays and another run waits for the seat", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    await job.pass(5_000);
    expect([job.seatsGivenBack, job.typed.includes("away")]).toEqual([0, false]);
    job.wanted();
    await job.until(() => job.seatsGivenBack === 1, 1_000);
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect([job.ended, job.shown, job.sessions.length]).toMatchObject([ENDED, WHOLE, 1]);
    expect(job.terminated).toEqual([]);
  });

  it.each<[string, SessionEnd, string[]]>([
    [
      "ends a session that stays and was lost before it gives its seat to another run",
      { kind: "lost", why: "gone" },
      ["s-1"],
    ],
    ["does not end a session that stayed and was closed", { kind: "closed", text: undefined }, []],
  ])("%s", async (_, end, terminated) => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    job.sessions[0]?.end(end);
    await job.until(() => job.seatsGivenBack === 1, 1_000);
    expect([job.terminated, job.seatsAtTermination]).toEqual([terminated, terminated.map(() => 0)]);
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect([job.ended, job.shown, job.sessions.length]).toMatchObject([ENDED, WHOLE, 1]);
  });

  it("keeps its next session when it learns late that another run waited for the one before", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    job.looksForOthers = true;
    await job.release();
    await job.until(() => job.sessions.length === 2, 100_000);
    job.wanted();
    await job.settle();
    expect([job.sessions[1]?.typed.includes("away"), job.sessions[1]?.isEnded]).toEqual([false, false]);
  });

  it("gives its second released session up, too, when another run waits for the seat", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    await job.until(() => job.sessions.length === 2, 100_000);
    await job.until(() => job.bucket.folders.length === 2, 100_000);
    job.bucket.put("out", 0, 4, SPOOL.slice(4, 6));
    await job.until(() => job.sessions[1]?.typed.includes("left") === true, 100_000);
    await job.pass(5_000);
    job.wanted();
    await job.until(() => job.sessions[1]?.isEnded === true, 2_000);
    expect(job.sessions[1]?.typed.at(-1)).toBe("away");
  });

  it("ends the session of an attacher that stays, before it goes back to a session", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    await job.until(() => job.sessions.length === 2, 100_000);
    expect(job.sessions[0]?.typed.at(-1)).toBe("away");
    expect(job.sessions[0]?.isEnded).toBe(true);
  });

  it.each([
    ["is told to stop through a session whose attacher stays, and its task to end", true, ["cancel", "end"]],
    ["goes on when its session is over, and a warning says so", false, []],
  ])("%s, when the role can't be assumed any more", async (_, stays, typed) => {
    const job = Scene.withBucket();
    job.stays = stays;
    await job.release();
    job.task = new Failure("role-not-assumed", {
      failed: "No role.",
      seen: "InvalidIdentityToken",
      advice: "",
    });
    job.bucket.weather = "denied";
    await job.until(() => job.warnings.some((line) => line.includes("No role.")), 40_000);
    const [warning] = job.warnings.filter((line) => line.includes("No role."));
    expect(warning).toContain(
      stays ? "told to stop through the session" : "No session is open to stop the job through.",
    );
    await job.until(() => job.ended !== undefined || job.sessions.length > 1, 60_000);
    expect(job.sessions[0]?.typed.filter((text) => /^(cancel|end)$/.test(text))).toEqual(typed);
  });

  it("has its `control` written every twenty seconds, which shows the container that it has a reader", async () => {
    const job = Scene.withBucket();
    await job.release();
    for (let beat = 1; beat < 5; beat += 1) {
      job.bucket.put("alive", beat, 4, "");
      await job.pass(30_000);
    }
    expect(job.bucket.controls.length).toBeGreaterThanOrEqual(6);
    expect(job.bucket.controls.length).toBeLessThanOrEqual(8);
    expect(new Set(job.bucket.controls.map(({ words }) => words))).toEqual(new Set([""]));
  });

  it("renews the container's signed upload form when half of its life is over", async () => {
    const job = Scene.withBucket();
    await job.release();
    job.stepMs = 500;
    for (let beat = 1; beat <= 61; beat += 1) {
      job.bucket.put("alive", beat, 4, "");
      await job.pass(30_000);
    }
    expect(job.bucket.controls.at(-1)?.words).toMatch(/^field Policy p\npost-until \d+\nquery/);
    expect(job.bucket.controls.at(0)?.words).toBe("");
  });

  it("renews that form with each word in its last five minutes: AWS's clock may be ahead, and the credentials may be new by now", async () => {
    const job = Scene.withBucket();
    job.bucket.signature = { credentialsEnd: job.clock.now() + 900_000 };
    await job.release();
    job.stepMs = 500;
    let beat = 0;
    const stay = async (ms: number): Promise<void> => {
      for (const until = job.clock.now() + ms; job.clock.now() < until;) {
        job.bucket.put("alive", (beat += 1), 4, "");
        await job.pass(30_000);
      }
    };
    await stay(690_000);
    job.bucket.signature = { credentialsEnd: job.clock.now() + 900_000 };
    await stay(30_000);
    const [, until] = /post-until (\d+)/.exec(job.bucket.controls.at(-1)?.words ?? "") ?? [];
    expect(Number(until) * 1_000).toBeGreaterThan(job.clock.now() + 800_000);
  });

  it.each<[string, (job: Scene) => void, RegExp, number]>([
    [
      "a piece is forged",
      (job) => job.bucket.plant("1", Buffer.from("exited 0=0:1")),
      /piece 1 is not what/,
      5_000,
    ],
    [
      "an end is forged",
      (job) => job.bucket.plant("1", anObject("end", 1, 4, "exited 0=0:1")),
      /piece 1 is not what/,
      5_000,
    ],
    [
      "a piece is replayed",
      (job) => job.bucket.plant("1", job.bucket.objects.get(`${job.bucket.folders[0]?.prefix ?? ""}0`)),
      /piece 1 is not what/,
      5_000,
    ],
    [
      "a piece is deleted",
      (job) => job.bucket.put("out", 2, 9, SPOOL.slice(9)),
      /piece 1 is missing/,
      10_000,
    ],
    ["nothing comes", () => undefined, /nothing for 90 s/, 100_000],
    ["S3 is slow for a minute", (job) => void (job.bucket.weather = "slow"), /SlowDown/, 35_000],
    ["S3 denies for a minute", (job) => void (job.bucket.weather = "denied"), /AccessDenied/, 35_000],
  ])("goes back to a session when %s, and to S3 again once S3 works", async (_, harm, why, within) => {
    const job = Scene.withBucket();
    await job.release();
    await job.pass(1_000);
    harm(job);
    await job.until(() => job.sessions.length === 2, within);
    expect(job.warnings.join()).toMatch(why);
    expect(job.attachedAt).toEqual([0, 4]);
    job.bucket.weather = "fine";
    await job.until(() => job.bucket.folders.length === 2, 70_000);
    job.bucket.put("out", 0, 4, SPOOL.slice(4, 8));
    await job.until(() => job.seatsGivenBack === 2, 20_000);
    job.bucket.put("out", 1, 8, SPOOL.slice(8)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.ended).toMatchObject(ENDED);
    expect(job.shown).toEqual(WHOLE);
  });

  it("does not release its session for S3 more than four times", async () => {
    const job = Scene.withBucket();
    void job.follow();
    for (let time = 1; time <= 4; time += 1) {
      await job.until(() => job.bucket.folders.length === time, 70_000);
      job.bucket.put("alive", time, 0, "");
      await job.until(() => job.typed.filter((text) => text === "left").length === time, 40_000);
      job.bucket.plant("0", Buffer.from("forged"));
      await job.until(() => job.sessions.length === time + 1, 10_000);
    }
    await job.pass(100_000);
    expect(job.bucket.folders).toHaveLength(4);
    job.sessions.at(-1)?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await job.until(() => job.ended !== undefined, 2_000);
    expect([job.ended, job.shown]).toMatchObject([ENDED, WHOLE]);
  });

  it("is told to stop by `control` and by a stop command, and its end is still read", async () => {
    const job = Scene.withBucket();
    await job.release();
    job.cancel.abort();
    await job.until(() => job.stops === 1 && job.bucket.controls.at(-1)?.words === "cancel", 200);
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, "cancelled 0=143:1!");
    await job.until(() => job.ended !== undefined, 1_000);
    expect(job.ended).toMatchObject({ end: { status: { reason: "cancelled" } } });
    expect(job.bucket.controls.at(-1)?.words).toBe("cancel\ntaken");
    expect(job.shown).toEqual(WHOLE);
  });

  it("is told to stop again soon when S3 has not taken the cancel", async () => {
    const job = Scene.withBucket();
    await job.release();
    job.bucket.weather = "slow";
    job.cancel.abort();
    await job.pass(1_500);
    job.bucket.weather = "fine";
    await job.until(() => job.bucket.controls.at(-1)?.words === "cancel", 1_200);
  });

  it.each([
    ["four seconds when the stop command did not reach it", false, 4_000],
    ["longer when the stop command reached it, since the agent sleeps a second first", true, 4_900],
  ])("has time for its end after a cancel: %s", async (_, reachesContainer, ms) => {
    const job = Scene.withBucket();
    job.reachesContainer = reachesContainer;
    await job.release();
    job.cancel.abort();
    const waited = await job.until(() => job.ended !== undefined, 7_000);
    expect(waited).toBeGreaterThan(ms - 100);
    expect(waited).toBeLessThan(ms + 500);
    expect(job.ended).toMatchObject({ end: { kind: "ended" }, attached: true });
  });

  it("is not told to stop any more once its end is known, and is not waited for", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    job.session.isDeaf = true;
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.typed.includes("taken"), 2_000);
    job.cancel.abort();
    expect(await job.until(() => job.ended !== undefined, 15_000)).toBeLessThanOrEqual(1_700);
    expect(job.ended).toMatchObject(ENDED);
    expect([job.stops, job.typed.includes("cancel")]).toEqual([0, false]);
    expect(job.bucket.controls.at(-1)?.words).toBe("taken");
  });

  it("is soon left after a cancel while it goes back to a session, though the agent of the last one acknowledges nothing", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    job.session.isDeaf = true;
    await job.until(() => job.typed.includes("away"), 100_000);
    await job.pass(5_000);
    expect([job.ended, job.sessions.length]).toEqual([undefined, 1]);
    job.cancel.abort();
    expect(await job.until(() => job.ended !== undefined, 15_000)).toBeLessThanOrEqual(1_700);
    expect(job.ended).toMatchObject({ end: { kind: "impossible" }, attached: true });
    expect(job.sessions).toHaveLength(1);
    expect(job.session.isEnded).toBe(true);
  });

  it("is told to stop at once by the session that stays, whatever else is waited for", async () => {
    const job = Scene.withBucket();
    job.stays = true;
    await job.release();
    job.session.isDeaf = true;
    await job.until(() => job.typed.includes("away"), 100_000);
    job.cancel.abort();
    await job.settle();
    expect(job.typed.at(-1)).toBe("cancel");
    await job.until(() => job.ended !== undefined, 5_000);
    expect(job.bucket.controls.at(-1)?.words).toBe("attach");
  });

  it("goes on when the cancel comes after `control` has told it that it is detached", async () => {
    const job = Scene.withBucket();
    Object.assign(job, { stays: true, detachAfter: 5_000 });
    await job.release();
    job.session.isDeaf = true;
    await job.until(() => job.typed.includes("detach"), 10_000);
    job.cancel.abort();
    expect(await job.until(() => job.ended !== undefined, 15_000)).toBeLessThanOrEqual(1_700);
    expect(job.ended).toMatchObject({ end: { kind: "detached" } });
    expect([job.stops, job.typed.includes("cancel")]).toEqual([0, false]);
    expect(job.bucket.controls.at(-1)?.words).toMatch(/^detach$/m);
    expect(job.bucket.controls.at(-1)?.words).not.toMatch(/^cancel$/m);
  });

  it.each(["detach", "taken"])(
    "is over once its container is seen to have ended, though the session that stays has not heard %p",
    async (word) => {
      const job = Scene.withBucket();
      Object.assign(job, { stays: true, detachAfter: word === "detach" ? 5_000 : undefined });
      await job.release();
      job.session.isDeaf = true;
      if (word === "taken") job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
      await job.until(() => job.typed.includes(word), 10_000);
      await job.pass(1_000);
      expect(job.ended).toBeUndefined();
      job.task = STOPPED;
      await job.until(() => job.ended !== undefined, 16_000);
      expect(job.ended).toMatchObject(word === "taken" ? ENDED : { end: { kind: "detached" } });
      expect(job.bucket.controls.at(-1)?.words).toContain(word);
      expect([job.session.isEnded, job.seatsGivenBack]).toEqual([true, 1]);
    },
  );

  it("gets no upload order after a cancel", async () => {
    const job = Scene.withBucket();
    job.s3 = "when the job lasts";
    void job.follow();
    await job.pass(500);
    job.cancel.abort();
    await job.pass(3_500);
    expect([job.bucket.folders.length, job.typed.includes("cancel")]).toEqual([0, true]);
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} cancelled 0=137:1!`));
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.ended).toMatchObject({ end: { status: { reason: "cancelled" } } });
  });

  it("ends through its session when S3 is proven to work only after a cancel", async () => {
    const job = Scene.withBucket();
    void job.follow();
    await job.until(() => job.bucket.folders.length === 1, 1_000);
    job.cancel.abort();
    await job.step();
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await job.pass(3_000);
    expect(job.typed).not.toContain("left");
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} cancelled 0=137:1!`));
    await job.until(() => job.ended !== undefined, 2_000);
    expect(job.ended).toMatchObject({ end: { status: { reason: "cancelled" } }, byPieces: false });
  });

  it("has no more time for its end when its session is released after the cancel", async () => {
    const job = Scene.withBucket();
    job.leavesAfter = 900;
    void job.follow();
    await job.until(() => job.bucket.folders.length === 1, 1_000);
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await job.until(() => job.typed.includes("left"), 3_000);
    job.cancel.abort();
    const waited = await job.until(() => job.ended !== undefined, 7_000);
    expect(job.log.lines.some((line) => line.includes("comes by S3"))).toBe(true);
    expect(waited).toBeLessThan(5_200);
    expect(job.ended).toMatchObject({ end: { kind: "ended" }, attached: true });
  });

  it("shows what was uploaded before its task ended, and says what is missing", async () => {
    const job = Scene.withBucket();
    await job.release();
    job.bucket.put("out", 1, 4, SPOOL.slice(4, 8)).put("out", 2, 8, "thr");
    job.task = STOPPED;
    // The task monitor looks every 15 to 16 s. The reader does not end its own pause first.
    await job.until(() => job.looks === 1, 16_050);
    await job.until(() => job.ended !== undefined, 200);
    expect(job.ended).toMatchObject({ end: { kind: "impossible", failure: { code: "task-stopped" } } });
    expect(job.shown).toEqual(["one", "two"]);
    expect(job.warnings.join()).toContain("up to byte 8. What the job printed after that is lost");
  });

  it("ends with its status when that was uploaded before its task ended", async () => {
    const job = Scene.withBucket();
    await job.release();
    job.bucket.weather = "slow";
    job.bucket.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await job.pass(1_000);
    job.task = STOPPED;
    await job.pass(16_000);
    job.bucket.weather = "fine";
    await job.until(() => job.ended !== undefined, 5_000);
    expect([job.ended, job.shown]).toMatchObject([ENDED, WHOLE]);
  });

  it("ends with its status when its task has ended, however long its pieces take to come", async () => {
    const job = Scene.withBucket();
    await job.release();
    const pieces = 12;
    for (let piece = 1; piece <= pieces; piece += 1) job.bucket.put("out", piece, 4 * piece, "two\n");
    job.bucket.put("end", pieces + 1, 4 * (pieces + 1), STATUS);
    job.bucket.late = () => job.clock.sleep(8_000);
    job.task = STOPPED;
    await job.until(() => job.ended !== undefined, 120_000);
    expect(job.ended).toMatchObject(ENDED);
    expect(job.shown).toHaveLength(pieces + 1);
  });

  it("is followed through a session, which needs no credentials, when the credentials are about to end", async () => {
    const job = Scene.withBucket();
    job.credentialsEnd = job.clock.now() + 300_000;
    await job.release();
    for (let beat = 1; job.sessions.length < 2 && beat < 8; beat += 1) {
      job.bucket.put("alive", beat, 4, "");
      await job.pass(30_000);
    }
    expect(job.warnings.join()).toContain("the credentials end soon");
    await job.pass(90_000);
    expect(job.bucket.folders).toHaveLength(1);
  });
});

describe("a job that runs already", () => {
  const HOUR = 3_600_000;

  it("is followed by its pieces from the first one on, without a session, beside another reader", async () => {
    const { scene: job, store } = Scene.attached(0, HOUR);
    const another = {
      number: 5,
      words: { ...NO_WORDS, readers: new Map([["0".repeat(16), job.clock.now() / 1000]]) },
    };
    await store.replaceControl({ ...another, version: "absent" }, 0, another.words);
    job.bucket.put("out", 0, 4, SPOOL.slice(4, 8));
    void job.follow();
    await job.until(() => job.shown.length === 1, 2_000);
    await job.until(() => job.bucket.controls.length === 2, 2_000);
    expect(job.bucket.controls.at(-1)?.words).toMatch(/^reader 0{16} /m);
    job.bucket.put("out", 1, 8, SPOOL.slice(8)).put("end", 2, SPOOL.length, STATUS);
    await job.until(() => job.ended !== undefined, 2_000);
    expect([job.ended, job.shown, job.sessions.length]).toMatchObject([ENDED, ["two", "three"], 0]);
    expect([job.ended?.hasOthers, job.bucket.controls.at(-1)?.words]).toEqual([
      true,
      expect.stringMatching(/^taken$/m),
    ]);
  });

  it("is read to its end by a step that AWS lets wait for longer than it follows a job: the job is seen only then", async () => {
    const { scene: job } = Scene.attached(4, HOUR);
    Object.assign(job, { patience: 60_000, answersAfter: 120_000 });
    job.bucket.late = () => job.clock.sleep(100, job.cancel.signal);
    job.bucket.put("out", 0, 4, SPOOL.slice(4)).put("end", 1, SPOOL.length, STATUS);
    void job.follow(1);
    await job.until(() => job.ended !== undefined, 130_000);
    expect([job.ended, job.shown]).toMatchObject([ENDED, ["two", "three"]]);
  });

  it("is left again after a while, and `control` says so to the container", async () => {
    const { scene: job } = Scene.attached(0, HOUR);
    job.detachAfter = 2_000;
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    const followed = job.follow();
    await job.pass(1_500);
    expect(job.ended).toBeUndefined();
    await job.until(() => job.ended !== undefined, 2_000);
    expect(await followed).toMatchObject({
      end: { kind: "detached", writableUntil: expect.any(Number) as number },
    });
    expect([job.sessions.length, job.bucket.controls.at(-1)?.words]).toEqual([
      0,
      expect.stringMatching(/^detach$/m),
    ]);
  });

  it("is left with its folder after a session has followed its pieces, since the container may upload more until it knows that", async () => {
    const { scene: job } = Scene.attached(4, HOUR);
    Object.assign(job, { detachAfter: 5_000, mustKeepAll: true, credentialsEnd: job.clock.now() + 60_000 });
    job.bucket.put("out", 0, 4, SPOOL.slice(4, 8));
    const followed = job.follow();
    await job.until(() => job.typed.includes("detach"), 10_000);
    // The next step deletes pieces that nobody else reads.
    expect(job.bucket.controls.at(-1)?.words).not.toMatch(/^reader/m);
    job.sessions[0]?.end({ kind: "closed", text: "" });
    await job.until(() => job.ended !== undefined, 1_000);
    expect(await followed).toMatchObject({ end: { kind: "detached", writableUntil: 0 } });
  });

  it("is followed through a session when its pieces are deleted, or when its uploads can't be renewed", async () => {
    for (const until of [HOUR, 10_000]) {
      const { scene: job } = Scene.attached(4, until);
      if (until < HOUR) job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
      void job.follow();
      await job.until(() => job.sessions.length === 1, 3_000);
      expect(job.attachedAt).toEqual([4]);
      job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
      await job.until(() => job.ended !== undefined, 3_000);
      expect(job.shown.slice(-2)).toEqual(["two", "three"]);
      expect(job.warnings).toEqual([]);
    }
  });

  it("is followed through a session at once when S3 denies the output, and the log names the right", async () => {
    const { scene: job } = Scene.attached(4, HOUR);
    job.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    job.bucket.weather = "denied";
    void job.follow();
    await job.until(() => job.sessions.length === 1, 3_000);
    job.bucket.weather = "fine";
    await job.pass(1_000);
    expect(job.bucket.folders).toHaveLength(1);
    job.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await job.until(() => job.ended !== undefined, 3_000);
    expect(job.shown.slice(-2)).toEqual(["two", "three"]);
    expect(job.warnings).toEqual([
      expect.stringMatching(/'s3:GetObject' on s3:.*Only a session can bring it/),
    ]);
  });
});
