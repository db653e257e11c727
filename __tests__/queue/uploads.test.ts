import { giveBack } from "../../src/queue/give-back.ts";
import { estimateOtherUploads } from "../../src/queue/other-uploads.ts";
import { uploadMs, Uploads } from "../../src/queue/uploads.ts";
import type { RecentSession } from "../../src/aws/ssm.ts";
import { Failure } from "../../src/errors.ts";
import type { SessionLogs } from "../../src/ready/session-logs.ts";
import type { SessionEnd } from "../../src/session/end.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const NOWHERE: SessionLogs = [];
const CLOUDWATCH: SessionLogs = [{ kind: "cloudwatch", group: "/ecs/exec" }];
const S3: SessionLogs = [{ kind: "s3", bucket: "example-logs", prefix: undefined }];
const MB = 1_000_000;

describe("an upload", () => {
  it.each<[string, number, SessionLogs | undefined, number]>([
    ["of a session that is not logged", 100 * MB, NOWHERE, 0],
    ["of little to CloudWatch: a call, a look, a margin", 1_000, CLOUDWATCH, 4],
    ["to CloudWatch: 0.8 MB a second", 80 * MB, CLOUDWATCH, 113],
    ["to S3: one object", 80 * MB, S3, 19.6],
    ["to both, one after the other", 80 * MB, [...CLOUDWATCH, ...S3], 130.6],
    ["to an unknown log", 80 * MB, undefined, 113],
  ])("takes its time: %s", (_, bytes, logs, seconds) => {
    expect(uploadMs(bytes, logs) / 1_000).toBeCloseTo(seconds, 1);
  });
});

/** Ends a session that has carried this many bytes. */
async function endSession(
  { uploads, logs }: { readonly uploads: Uploads; readonly logs: SessionLogs },
  bytes: number,
  end: SessionEnd = { kind: "closed-here" },
): Promise<void> {
  uploads.expect({ received: bytes, ended: Promise.resolve(end) }, logs);
  await Promise.resolve();
}

describe("a container's seat", () => {
  const held = () => {
    const done: string[] = [];
    return {
      done,
      isHeld: true,
      isBesideOthers: false,
      release: () => Promise.resolve(void done.push("released")),
      postpone: (freeAt: number) => Promise.resolve(void done.push(`postponed to ${freeAt}`)),
    };
  };
  const setting = (logs: SessionLogs) => {
    const clock = new SleeplessClock();
    const uploads = new Uploads(clock);
    return { clock, log: new Listener(), cancel: new AbortController(), uploads, logged: { uploads, logs } };
  };

  it("is given back when the agent has had the time to upload the log, and the log says so", async () => {
    const { clock, log, cancel, uploads, logged } = setting(CLOUDWATCH);
    const seat = held();
    await endSession(logged, 8 * MB);
    await giveBack(seat, uploads, { clock, log, cancel: cancel.signal });
    expect(clock.slept).toEqual([14_000]);
    expect(seat.done).toEqual(["released"]);
    expect(log.lines).toEqual([expect.stringContaining("in 14 s")]);
  });

  it.each<[string, SessionLogs, number]>([
    ["little was printed", CLOUDWATCH, 1_000],
    ["sessions are not logged", NOWHERE, 100 * MB],
  ])("is given back at once when %s", async (_, logs, bytes) => {
    const { clock, log, cancel, uploads, logged } = setting(logs);
    const seat = held();
    await endSession(logged, bytes);
    await giveBack(seat, uploads, { clock, log, cancel: cancel.signal });
    expect([clock.slept, seat.done, log.lines]).toEqual([[], ["released"], []]);
  });

  it("is given back at once when the run has no claim to it", async () => {
    const { clock, log, cancel, uploads, logged } = setting(CLOUDWATCH);
    const seat = { ...held(), isHeld: false };
    await endSession(logged, 80 * MB);
    await giveBack(seat, uploads, { clock, log, cancel: cancel.signal });
    expect([clock.slept, seat.done]).toEqual([[], ["released"]]);
  });

  it("is left to the post step by a run that is cancelled", async () => {
    const { clock, log, cancel, uploads, logged } = setting(CLOUDWATCH);
    const seat = held();
    await endSession(logged, 8 * MB);
    cancel.abort(new Error("cancelled"));
    await giveBack(seat, uploads, { clock, log, cancel: cancel.signal });
    expect(seat.done).toEqual([`postponed to ${uploads.doneAt()}`]);
  });

  it("is not given back while a stop command that can't be seen may use it", async () => {
    const { clock, log, cancel, uploads } = setting(NOWHERE);
    const seat = held();
    cancel.abort();
    uploads.occupy(clock.now() + 25_000);
    await giveBack(seat, uploads, { clock, log, cancel: cancel.signal });
    expect(seat.done).toEqual([`postponed to ${clock.now() + 25_000}`]);
    expect(log.lines.join()).toContain(
      "or its stop command runs. The container's seat is given back after that, in 25 s",
    );
  });

  it("is asked for again only while at most one session of the job uploads", async () => {
    const { clock, log, cancel, uploads, logged } = setting(CLOUDWATCH);
    await endSession(logged, 8 * MB);
    await uploads.waitForSeat({ log, signal: cancel.signal });
    expect(clock.slept).toEqual([]);
    // A megabyte more may have been printed before a lost session was ended.
    await endSession(logged, 4 * MB, { kind: "lost", why: "cut" });
    await uploads.waitForSeat({ log, signal: cancel.signal });
    expect(clock.slept).toEqual([10_000]);
    expect(log.lines).toEqual([expect.stringContaining("waits 10 s")]);
  });
});

describe("a session that is not opened", () => {
  const NOW = new SleeplessClock().now();
  const ended = (since: number, until: number): RecentSession => ({
    id: "s-theirs",
    since: NOW - since * 1_000,
    ended: NOW - until * 1_000,
    connected: false,
  });
  const open = (since: number, connected: boolean): RecentSession => ({
    ...ended(since, 0),
    ended: undefined,
    connected,
  });

  async function moreTime(sessions: readonly RecentSession[] | Failure, { logged = true, waited = 0 } = {}) {
    const log = new Listener();
    const ms = await estimateOtherUploads({
      sessionTarget: "ecs:ci_task_runtime",
      sessionId: "s-ours",
      logged,
      waited,
      ssm: {
        listRecentSessions: () =>
          sessions instanceof Failure ? Promise.reject(sessions) : Promise.resolve(sessions),
      },
      clock: new SleeplessClock(),
      log,
    });
    return { seconds: Math.round(ms / 1_000), lines: log.lines };
  }

  it.each<[string, readonly RecentSession[], number]>([
    ["there was no other session", [], 0],
    ["the session is the only one", [{ ...open(20, false), id: "s-ours" }], 0],
    ["another has just ended, which lasted 30 s", [ended(30, 0)], 43],
    ["another has ended 20 s ago, which lasted 30 s", [ended(50, 20)], 23],
    ["the upload of another has ended", [ended(70, 60)], 0],
    ["another session has a client", [open(30, true)], 0],
    ["another one, which has no client, may be over", [open(30, false)], 43],
    ["another has lasted for an hour", [ended(3_600, 0)], 120],
    ["several have ended", [ended(30, 0), ended(60, 0)], 76],
  ])("waits while others' logs may be uploaded: %s", async (_, sessions, seconds) => {
    const waited = await moreTime(sessions);
    expect(waited.seconds).toBe(seconds);
    expect(waited.lines).toHaveLength(seconds > 0 ? 1 : 0);
  });

  it("does not wait when sessions are not logged", async () => {
    expect(await moreTime([ended(30, 0)], { logged: false })).toEqual({ seconds: 0, lines: [] });
  });

  it("waits two minutes at most, all waits together", async () => {
    expect((await moreTime([ended(3_600, 0)], { waited: 100_000 })).seconds).toBe(20);
  });

  it("waits a minute when sessions may not be listed, and names the right", async () => {
    const denied = new Failure("access-denied", { failed: "No ssm:DescribeSessions.", seen: "", advice: "" });
    const { seconds, lines } = await moreTime(denied);
    expect(seconds).toBe(60);
    expect(lines[0]).toContain("No ssm:DescribeSessions.");
    expect(await moreTime(denied, { waited: 60_000 })).toEqual({ seconds: 0, lines: [] });
  });

  it("waits half a minute when sessions are not logged and may not be listed, for one that nobody types into", async () => {
    const denied = new Failure("access-denied", { failed: "No ssm:DescribeSessions.", seen: "", advice: "" });
    const { seconds, lines } = await moreTime(denied, { logged: false });
    expect(seconds).toBe(30);
    expect(lines).toEqual([expect.stringMatching(/ends by itself.* No ssm:DescribeSessions\./)]);
    expect(await moreTime(denied, { logged: false, waited: 30_000 })).toEqual({ seconds: 0, lines: [] });
  });
});
