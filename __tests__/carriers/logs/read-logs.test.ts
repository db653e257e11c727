import { Readable } from "node:stream";
import { AccessDenied } from "../../../src/errors.ts";
import { Spool } from "../../../src/carriers/stream/spool.ts";
import { readLogs } from "../../../src/carriers/logs/read-logs.ts";
import { UnreadableLog } from "../../../src/carriers/logs/transcript.ts";
import { FakeLogs } from "../../helpers/fake-logs.ts";
import { Listener } from "../../helpers/listener.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";
import { wordsOf } from "../../helpers/shown.ts";
import { extractAll, SeenJob } from "../../helpers/extracted.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
const SPOOL = "one\ntwo\nthree\n";
const END = mark(`. ${SPOOL.length} exited 0=7:1`);
const ENDED = { kind: "status", status: { kind: "ended", reason: "exited" } };

async function read(streams: Readonly<Record<string, string>>, spool = new Spool(1)) {
  const logs = new FakeLogs();
  for (const [stream, text] of Object.entries(streams))
    // The LF before the last line is that of `script`, and not of the terminal.
    logs.put(stream, ...text.replaceAll(/\n(?!Script done)/g, "\r\n").split("\n"));
  const shown: string[] = [];
  const followed = await readLogs(
    { kind: "cloudwatch", group: "/ecs/exec" },
    {
      region: "eu-central-1",
      logs,
      s3: { getObject: () => Promise.resolve(undefined) },
      owners: [],
      sessionIds: ["s-1", "s-2"],
      nonce: NONCE,
      spool,
      show: (each) => shown.push(...wordsOf(each)),
      clock: new SleeplessClock(),
      signal: new AbortController().signal,
      patience: 3_000,
      log: new Listener(),
    },
  );
  return { followed, shown };
}

describe("reading the logs of a job's sessions", () => {
  it("ends after half an hour in all, though a task writes into each of them without end", async () => {
    const clock = new SleeplessClock();
    const begun = clock.now();
    const readPage: FakeLogs["readPage"] = async () => {
      await clock.sleep(1_000);
      return { messages: ["x"], next: "more", last: false };
    };
    await readLogs(
      { kind: "cloudwatch", group: "/ecs/exec" },
      {
        ...{ region: "eu-central-1", owners: [], nonce: NONCE, spool: new Spool(1), patience: 3_000, clock },
        ...{ logs: { readPage }, s3: { getObject: () => Promise.resolve(undefined) } },
        sessionIds: ["s-1", "s-2", "s-3"],
        show: () => undefined,
        signal: new AbortController().signal,
        log: new Listener(),
      },
    );
    expect(clock.now() - begun).toBe(30 * 60_000);
  });

  it("takes output and status from one log that holds both", async () => {
    const { followed, shown } = await read({ "s-1": `noise\n${mark("@0")}\n${SPOOL}${END}\n` });
    expect(followed).toMatchObject(ENDED);
    expect(shown).toEqual(["one", "two", "three"]);
  });

  it("goes on in the next log where one was cut, and shows nothing twice", async () => {
    const { followed, shown } = await read({
      "s-1": `${mark("@0")}\none\ntw`,
      "s-2": `${mark("@4")}\ntwo\nthree\n${END}\n`,
    });
    expect(followed).toMatchObject(ENDED);
    expect(shown).toEqual(["one", "two", "three"]);
  });

  it("takes no line of `script` for output where a session was cut, in a line or at its end", async () => {
    const done = '\nScript done on 2026-11-24 14:44:08+00:00 [COMMAND_EXIT_CODE="0"]';
    const inLine = await read({
      "s-1": `Script started\n${mark("@0")}\none\ntw${done}`,
      "s-2": `Script started\n${mark("@4")}\ntwo\nthree\n${END}\n${done}`,
    });
    expect(inLine).toMatchObject({ followed: ENDED, shown: ["one", "two", "three"] });
    const atEnd = await read({
      "s-1": `Script started\n${mark("@0")}\none\n${done}`,
      "s-2": `Script started\n${mark("@4")}\ntwo\nthree\n${END}\n${done}`,
    });
    expect(atEnd).toMatchObject({ followed: ENDED, shown: ["one", "two", "three"] });
  });

  it("shows only what was not shown before", async () => {
    const job = new SeenJob(NONCE, 1);
    extractAll(job, Buffer.from(`${mark("@0")}\none\ntwo\n`));
    const { followed, shown } = await read({ "s-1": `${mark("@0")}\n${SPOOL}${END}\n` }, job.spool);
    expect(followed).toMatchObject(ENDED);
    expect(shown).toEqual(["three"]);
  });

  it("reports a missing status, and whether the logs show the job at all", async () => {
    expect((await read({})).followed).toEqual({ kind: "missing", attached: false });
    expect((await read({ "s-1": "Script started\nScript done\n" })).followed).toEqual({
      kind: "missing",
      attached: false,
    });
    expect((await read({ "s-1": `${mark("@0")}\none\n` })).followed).toEqual({
      kind: "missing",
      attached: true,
    });
  });

  it("reads the next log when one has an end mark that does not fit its bytes", async () => {
    const { followed, shown } = await read({
      "s-1": `${mark("@0")}\none\n${mark(". 99 exited 0=0:1")}`,
      "s-2": `${mark("@0")}\n${SPOOL}${END}\n`,
    });
    expect(followed).toMatchObject(ENDED);
    expect(shown).toEqual(["one", "gap", "one", "two", "three"]);
  });

  it("ends with a refusal", async () => {
    const { followed } = await read({ "s-1": mark("! job-directory none") });
    expect(followed).toEqual({ kind: "refused", code: "job-directory", text: "none" });
  });

  it("shows nothing that stands behind the status", async () => {
    const { shown } = await read({ "s-1": `${mark("@0")}\n${SPOOL}${END}\nnever\n` });
    expect(shown).toEqual(["one", "two", "three"]);
  });

  it("reports that bytes are missing", async () => {
    const { followed } = await read({
      "s-1": `${mark("@0")}\none\n`,
      "s-2": `${mark("@8")}\nthree\n${END}\n`,
    });
    expect(followed).toEqual({ kind: "gap", expected: 4, got: 8, offset: 0 });
  });
});

describe("a transcript that S3 denies", () => {
  const denied = new AccessDenied(
    { action: "s3:GetObject", isNamed: false },
    { failed: "No.", seen: "AccessDenied", advice: "" },
  );

  /** Reads two transcripts. S3 denies the first, and without `second` the other one, too. */
  async function fromS3(second: string | undefined) {
    return await readLogs(
      { kind: "s3", bucket: "example-logs", prefix: undefined },
      {
        region: "eu-central-1",
        logs: new FakeLogs(),
        s3: {
          getObject: ({ key }) =>
            key === "s-2.log" && second !== undefined
              ? Promise.resolve(Readable.from([Buffer.from(second)]))
              : Promise.reject(denied),
        },
        owners: [],
        sessionIds: ["s-1", "s-2"],
        nonce: NONCE,
        spool: new Spool(1),
        show: () => undefined,
        clock: new SleeplessClock(),
        signal: new AbortController().signal,
        patience: 3_000,
        log: new Listener(),
      },
    );
  }

  it("does not keep the other one from being read", async () => {
    const text = `${mark("@0")}\n${SPOOL}${END}\n`.replaceAll("\n", "\r\n");
    expect(await fromS3(text)).toMatchObject(ENDED);
  });

  it("makes the reading fail when the other one is denied, too", async () => {
    await expect(fromS3(undefined)).rejects.toBeInstanceOf(UnreadableLog);
  });
});
