import { Failure, TaskStopped } from "../../../src/errors.ts";
import { Spool } from "../../../src/carriers/stream/spool.ts";
import { findEndInLogs } from "../../../src/carriers/logs/last-resort.ts";
import type { JobEnd } from "../../../src/carriers/job-end.ts";
import { FakeLogs } from "../../helpers/fake-logs.ts";
import { aTarget } from "../../helpers/runs.ts";
import { Listener } from "../../helpers/listener.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";
import { wordsOf } from "../../helpers/shown.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
const SPOOL = "one\ntwo\n";
const WHOLE = `${mark("@0")}\r\none\r\ntwo\r\n${mark(`. ${SPOOL.length} exited 0=7:1`)}\r\n`;
const BEGINNING = `${mark("@0")}\r\none\r\n`;

type End = Exclude<JobEnd, { kind: "status" | "detached" }>;

const lost: End = { kind: "ended", end: { kind: "lost", why: "the connection broke" }, attached: true };
const stopped: End = {
  kind: "impossible",
  failure: new TaskStopped(
    "task-stopped",
    { failed: "The task stopped.", seen: "Spot.", advice: "Again." },
    {
      ...{
        stopCode: "SpotInterruption",
        isForCapacity: true,
        isThrottled: false,
        isForAddress: false,
        isByPlatform: true,
      },
      containers: [],
    },
  ),
};
const denied = new Failure("access-denied", { failed: "Denied.", seen: "No logs:GetLogEvents.", advice: "" });

interface KeptLog {
  readonly cloudwatch?: string | Failure;
  readonly s3?: string;
}

async function look(after: End, kept: KeptLog) {
  const logs = new FakeLogs();
  if (typeof kept.cloudwatch === "string") logs.put("s-1", ...kept.cloudwatch.split("\n"));
  const clock = new SleeplessClock();
  const began = clock.now();
  const shown: string[] = [];
  const attended = await findEndInLogs(after, {
    target: aTarget(),
    region: "eu-central-1",
    logs: {
      readPage: (...at) =>
        kept.cloudwatch instanceof Failure ? Promise.reject(kept.cloudwatch) : logs.readPage(...at),
    },
    s3: {
      getObject: () =>
        Promise.resolve(
          kept.s3 === undefined
            ? undefined
            : (async function* () {
                yield Buffer.from(await Promise.resolve(kept.s3 ?? ""));
              })(),
        ),
    },
    owners: [],
    sessionLogs: [
      { kind: "cloudwatch", group: "/ecs/exec" },
      { kind: "s3", bucket: "example-logs", prefix: "exec" },
    ],
    sessionIds: ["s-1"],
    sessionId: "s-1",
    nonce: NONCE,
    spool: new Spool(1),
    show: (each) => shown.push(...wordsOf(each)),
    clock,
    signal: new AbortController().signal,
    log: new Listener(),
  });
  return { attended, shown, seconds: (clock.now() - began) / 1000 };
}

describe("the last resort of a job whose sessions bring no status", () => {
  it.each<[string, KeptLog]>([
    ["in CloudWatch", { cloudwatch: WHOLE }],
    ["in S3 alone", { s3: WHOLE }],
    ["in S3, and CloudWatch has the beginning", { cloudwatch: BEGINNING, s3: WHOLE }],
    ["in S3, and CloudWatch may not be read", { cloudwatch: denied, s3: WHOLE }],
  ])("is its status %s", async (_name, kept) => {
    for (const after of [lost, stopped]) {
      const { attended, shown } = await look(after, kept);
      expect(attended).toMatchObject({ kind: "status", status: { workers: [{ exitCode: 7 }] } });
      expect(shown).toEqual(["one", "two"]);
    }
  });

  it("keeps the reason when no log has the status, and says what was tried", async () => {
    const { attended } = await look(stopped, { cloudwatch: denied, s3: BEGINNING });
    expect(attended).toMatchObject({
      kind: "impossible",
      failure: {
        code: "task-stopped",
        failed: "The task stopped.",
        seen:
          "Spot. The job's end was looked for elsewhere: /ecs/exec/s-1 could not be read (No logs:GetLogEvents.); " +
          "s3://example-logs/exec/s-1.log does not tell it.",
        advice: "Again.",
        // A retry decides by these two.
        isForCapacity: true,
        isForAddress: false,
      },
    });
  });

  it("waits for an upload while there is an agent that can make it, and hardly after the task has stopped", async () => {
    const { attended, seconds } = await look(lost, {});
    expect(attended).toMatchObject({ kind: "impossible", failure: { code: "no-status" } });
    expect(seconds).toBeGreaterThanOrEqual(20);
    expect((await look(stopped, {})).seconds).toBeLessThanOrEqual(2);
  });
});
