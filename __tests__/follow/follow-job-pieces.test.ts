import { setImmediate as turn } from "node:timers/promises";
import { SPOOL, PieceRig } from "./piece-rig.ts";
import { anObject } from "../pieces/folder.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";
import { mark, READY } from "../session/fake-session.ts";
import { Failure } from "../../src/errors.ts";
import { NO_WORDS } from "../../src/pieces/orders.ts";

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
const warnings = (rig: PieceRig): string[] => rig.log.lines.filter((line) => line.startsWith("warning"));

describe("a job whose output goes by S3", () => {
  it("gets its upload order once the attacher shows it, and releases its session once a piece has come", async () => {
    const rig = new PieceRig();
    const followed = rig.follow();
    await rig.until(() => rig.typed.includes("s3 .") || rig.typed.some((t) => t.endsWith("s3 .")), 1_000);
    await rig.pass(3_000);
    expect(rig.typed).not.toContain("left");
    rig.put("out", 0, 0, SPOOL.slice(0, 4));
    await rig.until(() => rig.typed.includes("left"), 1_000);
    await rig.until(() => rig.placesGivenBack === 1, 1_000);
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 1_000);
    expect(await followed).toMatchObject({ ...ENDED, attached: true, byPieces: true });
    expect(rig.shown).toEqual(WHOLE);
    expect(rig.sessions).toHaveLength(1);
    expect(rig.controls.at(-1)).toEqual({ begin: SPOOL.length, words: "taken" });
    expect(warnings(rig)).toEqual([]);
  });

  it("ends at once when its last piece comes while the runner still reads what was shown before", async () => {
    const rig = new PieceRig();
    await rig.leave();
    let answer: (() => void) | undefined;
    rig.late = (name) => (name === "2" ? new Promise((resolve) => (answer = resolve)) : Promise.resolve());
    await rig.until(() => answer !== undefined, 10_000);
    rig.drained = async () => {
      answer?.();
      for (let turns = 0; turns < 5; turns += 1) await turn();
    };
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(rig.shown).toEqual(WHOLE);
  });

  it.each<[string, string, number, number]>([
    ["it has lasted two seconds", SPOOL.slice(0, 4), 1_900, 2_200],
    ["it has printed much", `${"x".repeat(300_000)}\n`, 0, 300],
  ])(
    "gets its upload order when %s, if S3 is only for jobs that last",
    async (_, printed, earliest, latest) => {
      const rig = new PieceRig();
      rig.use = "when the job lasts";
      rig.says = (session) => session.says(`${READY}${mark("@0")}\n${printed}`);
      void rig.follow();
      const after = await rig.until(() => rig.folders.length === 1, latest);
      expect(after).toBeGreaterThanOrEqual(earliest);
    },
  );

  it("gets no upload order with credentials that end before a renewal can reach the container", async () => {
    const rig = new PieceRig();
    rig.signature = { credentialsEnd: rig.clock.now() + 200_000 };
    void rig.follow();
    await rig.pass(10_000);
    expect(rig.typed.filter((text) => text.startsWith("s3 "))).toEqual([]);
    rig.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(rig.shown).toEqual(WHOLE);
  });

  it("gets no upload order when the session has to carry the output, however much that is", async () => {
    const rig = new PieceRig();
    rig.use = "never";
    rig.says = (session) => session.says(`${READY}${mark("@0")}\n${"x".repeat(300_000)}\n`);
    void rig.follow();
    await rig.pass(10_000);
    expect(rig.folders).toEqual([]);
  });

  it("gets no upload order when it is over in a moment", async () => {
    const rig = new PieceRig();
    rig.use = "when the job lasts";
    void rig.follow();
    await rig.pass(1_500);
    rig.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await rig.until(() => rig.ended !== undefined, 2_000);
    await rig.pass(2_000);
    expect([rig.folders.length, rig.shown]).toEqual([0, WHOLE]);
  });

  it("ends through its session when it is over before S3 is proven to work", async () => {
    const rig = new PieceRig();
    rig.says = (session) =>
      session.says(`${READY}${mark("@0")}\n${SPOOL}`, mark(`. ${SPOOL.length} ${STATUS}`));
    const followed = rig.follow();
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(await followed).toMatchObject({ ...ENDED, byPieces: false, isClosed: true });
    expect(rig.typed).toContain("taken");
    expect(rig.controls).toEqual([]);
  });

  it("is left running once its output comes by S3, and `control` says so to the container", async () => {
    const rig = new PieceRig();
    Object.assign(rig, { detachAfter: 0, mustKeepAll: true });
    const followed = rig.follow();
    await rig.until(() => rig.folders.length === 1, 1_000);
    await rig.pass(3_000);
    expect(rig.ended).toBeUndefined();
    rig.put("out", 0, 0, SPOOL.slice(0, 4));
    await rig.until(() => rig.ended !== undefined, 5_000);
    expect(await followed).toMatchObject({ end: { kind: "detached" }, attached: true });
    expect(rig.controls.at(-1)?.words).toMatch(/^detach$/m);
    expect(rig.controls.at(-1)?.words).toMatch(/^post-until /m);
    expect([rig.placesGivenBack, rig.stops]).toEqual([1, 0]);
  });

  it("is left running by a line in its session after a while, when the session carries the output", async () => {
    const rig = new PieceRig();
    Object.assign(rig, { detachAfter: 5_000, use: "never" });
    const followed = rig.follow();
    await rig.pass(4_500);
    expect(rig.typed).not.toContain("detach");
    await rig.until(() => rig.typed.includes("detach"), 1_000);
    // What comes now may be artifacts. The next step unpacks them from their beginning, so nothing is confirmed.
    rig.sessions[0]?.says(`${"x".repeat(1_048_576)}\n${mark("~ 1048581")}${mark("?")}`);
    await rig.until(() => rig.shown.length > 1, 1_000);
    expect(rig.typed.at(-1)).toBe("detach");
    rig.sessions[0]?.end({ kind: "closed", text: "" });
    await rig.until(() => rig.ended !== undefined, 1_000);
    expect(await followed).toMatchObject({ end: { kind: "detached", writableUntil: undefined } });
  });

  it("is followed to its end once its artifacts come, since the next step would lack their beginning", async () => {
    const rig = new PieceRig();
    Object.assign(rig, { detachAfter: 5_000, use: "never", isEnding: true });
    const followed = rig.follow();
    await rig.pass(6_000);
    expect(rig.typed).not.toContain("detach");
    rig.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(await followed).toMatchObject(ENDED);
  });

  it("keeps the session's place when the attacher has to stay, and says `taken` by both carriers", async () => {
    const rig = new PieceRig();
    rig.stays = true;
    await rig.leave();
    rig.sessions[0]?.says(mark("n The session stays open."), mark("~ 4"));
    await rig.pass(70_000);
    rig.put("alive", 1, 4, "");
    expect([rig.placesGivenBack, rig.notes]).toEqual([0, ["The session stays open."]]);
    expect(rig.typed.filter((text) => text === "here 4").length).toBeGreaterThan(2);
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(rig.typed).toContain("taken");
    expect(rig.controls.at(-1)?.words).toBe("taken");
    expect(rig.shown).toEqual(WHOLE);
    await rig.until(() => rig.placesGivenBack === 1, 1_000);
  });

  it("gives its session up when the attacher stays and another run waits for the place", async () => {
    const rig = new PieceRig();
    rig.stays = true;
    await rig.leave();
    await rig.pass(5_000);
    expect([rig.placesGivenBack, rig.typed.includes("away")]).toEqual([0, false]);
    rig.wanted();
    await rig.until(() => rig.placesGivenBack === 1, 1_000);
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect([rig.ended, rig.shown, rig.sessions.length]).toMatchObject([ENDED, WHOLE, 1]);
  });

  it.each([
    ["is told to stop through a session whose attacher stays, and its task to end", true, ["cancel", "end"]],
    ["goes on when its session is over, and a warning says so", false, []],
  ])("%s, when the role can't be assumed any more", async (_, stays, typed) => {
    const rig = new PieceRig();
    rig.stays = stays;
    await rig.leave();
    rig.task = new Failure("role-not-assumed", {
      failed: "No role.",
      seen: "InvalidIdentityToken",
      advice: "",
    });
    rig.weather = "denied";
    await rig.until(() => warnings(rig).some((line) => line.includes("No role.")), 40_000);
    const [warning] = warnings(rig).filter((line) => line.includes("No role."));
    expect(warning).toContain(
      stays ? "told to stop through the session" : "No session is open to stop the job through.",
    );
    await rig.until(() => rig.ended !== undefined || rig.sessions.length > 1, 60_000);
    expect(rig.sessions[0]?.typed.filter((text) => /^(cancel|end)$/.test(text))).toEqual(typed);
  });

  it("has its `control` written every twenty seconds, which shows the container that it has a reader", async () => {
    const rig = new PieceRig();
    await rig.leave();
    for (let beat = 1; beat < 5; beat += 1) {
      rig.put("alive", beat, 4, "");
      await rig.pass(30_000);
    }
    expect(rig.controls.length).toBeGreaterThanOrEqual(6);
    expect(rig.controls.length).toBeLessThanOrEqual(8);
    expect(new Set(rig.controls.map(({ words }) => words))).toEqual(new Set([""]));
  });

  it("renews the container's signed upload form when half of its life is over", async () => {
    const rig = new PieceRig();
    await rig.leave();
    rig.stepMs = 500;
    for (let beat = 1; beat <= 61; beat += 1) {
      rig.put("alive", beat, 4, "");
      await rig.pass(30_000);
    }
    expect(rig.controls.at(-1)?.words).toMatch(/^field Policy p\npost-until \d+\nquery/);
    expect(rig.controls.at(0)?.words).toBe("");
  });

  it.each<[string, (rig: PieceRig) => void, RegExp, number]>([
    ["a piece is forged", (rig) => rig.plant("1", Buffer.from("exited 0=0:1")), /piece 1 is not what/, 5_000],
    [
      "an end is forged",
      (rig) => rig.plant("1", anObject("end", 1, 4, "exited 0=0:1")),
      /piece 1 is not what/,
      5_000,
    ],
    [
      "a piece is replayed",
      (rig) => rig.plant("1", rig.objects.get(`${rig.folders[0]?.prefix ?? ""}0`)),
      /piece 1 is not what/,
      5_000,
    ],
    ["a piece is deleted", (rig) => rig.put("out", 2, 9, SPOOL.slice(9)), /piece 1 is missing/, 10_000],
    ["nothing comes", () => undefined, /nothing for 90 s/, 100_000],
    ["S3 is slow for a minute", (rig) => void (rig.weather = "slow"), /SlowDown/, 35_000],
    ["S3 denies for a minute", (rig) => void (rig.weather = "denied"), /AccessDenied/, 35_000],
  ])("goes back to a session when %s, and to S3 again once S3 works", async (_, harm, why, within) => {
    const rig = new PieceRig();
    await rig.leave();
    await rig.pass(1_000);
    harm(rig);
    await rig.until(() => rig.sessions.length === 2, within);
    expect(warnings(rig).join()).toMatch(why);
    expect(rig.attachedAt).toEqual([0, 4]);
    rig.weather = "fine";
    await rig.until(() => rig.folders.length === 2, 70_000);
    rig.put("out", 0, 4, SPOOL.slice(4, 8));
    await rig.until(() => rig.placesGivenBack === 2, 20_000);
    rig.put("out", 1, 8, SPOOL.slice(8)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect(rig.ended).toMatchObject(ENDED);
    expect(rig.shown).toEqual(WHOLE);
  });

  it("does not release its session for S3 more than four times", async () => {
    const rig = new PieceRig();
    void rig.follow();
    for (let time = 1; time <= 4; time += 1) {
      await rig.until(() => rig.folders.length === time, 70_000);
      rig.put("alive", time, 0, "");
      await rig.until(() => rig.typed.filter((text) => text === "left").length === time, 40_000);
      rig.plant("0", Buffer.from("forged"));
      await rig.until(() => rig.sessions.length === time + 1, 10_000);
    }
    await rig.pass(100_000);
    expect(rig.folders).toHaveLength(4);
    rig.sessions.at(-1)?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect([rig.ended, rig.shown]).toMatchObject([ENDED, WHOLE]);
  });

  it("is told to stop by `control` and by a stop command, and its end is still read", async () => {
    const rig = new PieceRig();
    await rig.leave();
    rig.cancel.abort();
    await rig.until(() => rig.stops === 1 && rig.controls.at(-1)?.words === "cancel", 200);
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, "cancelled 0=143:1!");
    await rig.until(() => rig.ended !== undefined, 1_000);
    expect(rig.ended).toMatchObject({ end: { status: { reason: "cancelled" } } });
    expect(rig.controls.at(-1)?.words).toBe("cancel\ntaken");
    expect(rig.shown).toEqual(WHOLE);
  });

  it.each([
    ["four seconds when the stop command did not reach it", false, 4_000],
    ["longer when the stop command reached it, since the agent sleeps a second first", true, 4_900],
  ])("has time for its end after a cancel: %s", async (_, reachesContainer, ms) => {
    const rig = new PieceRig();
    rig.reachesContainer = reachesContainer;
    await rig.leave();
    rig.cancel.abort();
    const waited = await rig.until(() => rig.ended !== undefined, 7_000);
    expect(waited).toBeGreaterThan(ms - 100);
    expect(waited).toBeLessThan(ms + 500);
    expect(rig.ended).toMatchObject({ end: { kind: "ended" }, attached: true });
  });

  it("shows what was uploaded before its task ended, and says what is missing", async () => {
    const rig = new PieceRig();
    await rig.leave();
    rig.put("out", 1, 4, SPOOL.slice(4, 8)).put("out", 2, 8, "thr");
    rig.task = STOPPED;
    await rig.until(() => rig.ended !== undefined, 20_000);
    expect(rig.ended).toMatchObject({ end: { kind: "impossible", failure: { code: "task-stopped" } } });
    expect(rig.shown).toEqual(["one", "two"]);
    expect(warnings(rig).join()).toContain("up to byte 8. What the job printed after that is lost");
  });

  it("ends with its status when that was uploaded before its task ended", async () => {
    const rig = new PieceRig();
    await rig.leave();
    rig.weather = "slow";
    rig.put("out", 1, 4, SPOOL.slice(4)).put("end", 2, SPOOL.length, STATUS);
    await rig.pass(1_000);
    rig.task = STOPPED;
    await rig.pass(16_000);
    rig.weather = "fine";
    await rig.until(() => rig.ended !== undefined, 5_000);
    expect([rig.ended, rig.shown]).toMatchObject([ENDED, WHOLE]);
  });

  it("is followed through a session, which needs no credentials, when the credentials are about to end", async () => {
    const rig = new PieceRig();
    rig.credentialsEnd = rig.clock.now() + 300_000;
    await rig.leave();
    for (let beat = 1; rig.sessions.length < 2 && beat < 8; beat += 1) {
      rig.put("alive", beat, 4, "");
      await rig.pass(30_000);
    }
    expect(warnings(rig).join()).toContain("the credentials end soon");
    await rig.pass(90_000);
    expect(rig.folders).toHaveLength(1);
  });
});

describe("a job that runs already", () => {
  const HOUR = 3_600_000;

  it("is followed by its pieces from the first one on, without a session, beside another reader", async () => {
    const rig = new PieceRig({ from: 0 });
    const store = rig.resumes(HOUR);
    const another = {
      number: 5,
      words: { ...NO_WORDS, readers: new Map([["0".repeat(16), rig.clock.now() / 1000]]) },
    };
    await store.replaceControl({ ...another, version: "absent" }, 0, another.words);
    rig.put("out", 0, 4, SPOOL.slice(4, 8));
    void rig.follow();
    await rig.until(() => rig.shown.length === 1, 2_000);
    await rig.until(() => rig.controls.length === 2, 2_000);
    expect(rig.controls.at(-1)?.words).toMatch(/^reader 0{16} /m);
    rig.put("out", 1, 8, SPOOL.slice(8)).put("end", 2, SPOOL.length, STATUS);
    await rig.until(() => rig.ended !== undefined, 2_000);
    expect([rig.ended, rig.shown, rig.sessions.length]).toMatchObject([ENDED, ["two", "three"], 0]);
    expect([rig.hasOthers, rig.controls.at(-1)?.words]).toEqual([true, expect.stringMatching(/^taken$/m)]);
  });

  it("is followed through a session when its pieces are deleted, or when its uploads can't be renewed", async () => {
    for (const until of [HOUR, 10_000]) {
      const rig = new PieceRig({ from: 4 });
      rig.resumes(until);
      if (until < HOUR) rig.put("out", 0, 0, SPOOL.slice(0, 4));
      void rig.follow();
      await rig.until(() => rig.sessions.length === 1, 3_000);
      expect(rig.attachedAt).toEqual([4]);
      rig.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
      await rig.until(() => rig.ended !== undefined, 3_000);
      expect(rig.shown.slice(-2)).toEqual(["two", "three"]);
      expect(warnings(rig)).toEqual([]);
    }
  });

  it("is followed through a session at once when S3 denies the output, and the log names the right", async () => {
    const rig = new PieceRig({ from: 4 });
    rig.resumes(HOUR);
    rig.put("out", 0, 0, SPOOL.slice(0, 4));
    rig.weather = "denied";
    void rig.follow();
    await rig.until(() => rig.sessions.length === 1, 3_000);
    rig.weather = "fine";
    await rig.pass(1_000);
    expect(rig.folders).toHaveLength(1);
    rig.sessions[0]?.says(SPOOL.slice(4), mark(`. ${SPOOL.length} ${STATUS}`));
    await rig.until(() => rig.ended !== undefined, 3_000);
    expect(rig.shown.slice(-2)).toEqual(["two", "three"]);
    expect(warnings(rig)).toEqual([
      expect.stringMatching(/'s3:GetObject' on s3:.*Only a session can bring it/),
    ]);
  });
});
