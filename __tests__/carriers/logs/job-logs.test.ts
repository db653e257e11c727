import { type JobLogsOptions, readJobLogs } from "../../../src/carriers/logs/job-logs.ts";
import { Spool } from "../../../src/carriers/stream/spool.ts";
import { FakeLogs } from "../../helpers/fake-logs.ts";
import { Listener } from "../../helpers/listener.ts";
import { aTarget } from "../../helpers/runs.ts";
import { wordsOf } from "../../helpers/shown.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;

interface Beside {
  readonly reason?: "exited" | "timed-out" | "cancelled";
  readonly stopped?: boolean;
  readonly cancel?: AbortSignal;
}

/** Reads the log of a session that has told this exit code, where the log tells another one or the same. */
async function readBeside(
  told: number,
  logged: number,
  { reason = "exited", stopped = false, cancel = new AbortController().signal }: Beside = {},
) {
  const logs = new FakeLogs();
  const text = `${mark("@0")}\nfrom the log\n${mark(`. 13 exited 0=${logged}:1`)}\n`;
  logs.put("s-1", ...text.replaceAll("\n", "\r\n").split("\n"));
  const log = new Listener();
  const shown: string[] = [];
  const options: JobLogsOptions = {
    inputs: { logs: "cloudwatch", bucketOwner: undefined, region: "eu-west-1" },
    target: aTarget(),
    aws: { logs, s3: { getObject: () => Promise.resolve(undefined) } } as unknown as JobLogsOptions["aws"],
    sessionLogs: [{ kind: "cloudwatch", group: "/ecs/exec" }],
    output: {
      nonce: NONCE,
      spool: new Spool(1),
      fromTheStart: () => new Spool(1),
      show: (each) => shown.push(...wordsOf(each)),
    },
    drained: () => Promise.resolve(),
    ...{ clock: new SleeplessClock(), log, cancel },
  };
  const workers = [{ worker: 0, exitCode: told, seconds: 1, stopped }];
  const end = { kind: "status", status: { kind: "ended", reason, workers } } as const;
  const job = { end, attached: true, attachedAt: 0, byPieces: false, hasOthers: false, isClosed: true };
  const found = await readJobLogs({ ...job, sessionIds: ["s-1"], log: undefined }, options);
  return {
    found,
    shown,
    lines: log.lines,
    warnings: log.lines.filter((line) => line.includes("another end")),
  };
}

it("a forged log makes no failed job green: the session's end counts, and a warning says so", async () => {
  const { found, shown, warnings } = await readBeside(1, 0);
  expect(found).toMatchObject({ status: { workers: [{ exitCode: 1 }] } });
  expect(shown).toEqual(["from the log"]);
  expect(warnings).toHaveLength(1);
});

it("a log that tells what the session has told is read without a word", async () => {
  const { found, warnings } = await readBeside(3, 3);
  expect(found).toMatchObject({ status: { workers: [{ exitCode: 3 }] } });
  expect(warnings).toEqual([]);
});

it.each([
  ["behind the end of the job", 0, "exited"],
  ["while the job ends by itself", 60, "cancelled"],
] as const)("a cancel %s is one, since the output is not read any more", async (_, code, reason) => {
  const why = new Error("cancelled");
  const cancel = AbortSignal.abort(why);
  await expect(readBeside(code, code, { reason, cancel })).rejects.toBe(why);
});

it.each(["cancelled", "timed-out"] as const)(
  "a job that was stopped (%s) keeps its end at a cancel, and the log says where the output is that was not read",
  async (reason) => {
    const cancel = AbortSignal.abort(new Error("cancelled"));
    const { found, shown, lines } = await readBeside(143, 143, { reason, stopped: true, cancel });
    expect(found).toMatchObject({ status: { reason } });
    expect([shown, lines]).toEqual([
      [],
      [expect.stringMatching(/output is in cloudwatch, and was not read/)],
    ]);
  },
);
