/**
 * Proves what each fault does to each carrier. A fault hits a job whose output comes by the carrier, in a container and a bucket of its
 * own. Every line comes once and in its order, the exit code is the job's, and nothing is left in the bucket. When the task is killed, the
 * step shows a beginning of the output, and no exit code. `SOAK_ROWS` selects the rows whose names contain it. `SOAK_AT_ONCE` rows run at
 * once, three unless given.
 */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { setTimeout as sleep } from "node:timers/promises";
import { Aws, mainLog } from "../__tests__/helpers/local.ts";
import type { Fault } from "../local/faults.ts";
import type { Task } from "../local/task/task.ts";

/** The values of `logs`. */
type Carrier = "session" | "bucket";

interface Place {
  readonly task: Task;
  readonly bucket: string;
}

interface Row {
  readonly carriers: readonly Carrier[];
  /** How long the job prints, in seconds; 20 unless given. */
  readonly seconds?: number;
  /** Whether the fault ends the task. */
  readonly isEnd?: boolean;
  readonly harm: (place: Place) => Promise<unknown>;
}

const ALL = ["session", "bucket"] as const;
const S3 = ["bucket"] as const;
const aws = await Aws.start();
const { local } = aws.world;

/** A fault of all calls for the output in this bucket, or of those with these methods. A form's key is not in its URL, so any POST is hit. */
async function s3(
  bucket: string,
  fault: Omit<Fault, "operation">,
  methods = ["GET", "PUT", "POST"],
): Promise<void> {
  const api = methods.map((method) => ({
    operation: `${method} /${bucket}${method === "POST" ? "*" : "/fargate-exec/output/*"}`,
    ...fault,
  }));
  await local.inject({ api });
}

const session = async ({ task }: Place, what: "cut" | "silence" | "close"): Promise<void> => {
  const last = local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
  await local.inject({ session: { do: what, session: last?.sessionId ?? "" } });
};

const kill = ({ task }: Place): Promise<void> =>
  local.inject({ task: { task: task.id, abrupt: true, stopCode: "SpotInterruption" } });

async function pieces(
  bucket: string,
): Promise<readonly { readonly folder: string; readonly number: number }[]> {
  const { Contents = [] } = await aws.s3.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: "fargate-exec/output/" }),
  );
  return Contents.flatMap(({ Key = "" }) => {
    const [, folder = "", number] = /^(.*\/)(\d+)$/.exec(Key) ?? [];
    return number === undefined ? [] : [{ folder, number: Number(number) }];
  }).toSorted((a, b) => a.number - b.number);
}

/** Harms the third piece from now by `act`, once a later piece exists. Its reads are delayed, so that the harm comes before them. */
async function onLater(
  { bucket }: Place,
  act: (folder: string, number: number) => Promise<unknown>,
): Promise<void> {
  const first = (await pieces(bucket)).at(-1);
  if (first === undefined) throw new Error("there is no piece");
  const victim = first.number + 3;
  await local.inject({
    api: { operation: `GET /${bucket}/${first.folder}${victim}`, delay: 9_000, times: 2 },
  });
  while (!(await pieces(bucket)).some(({ number }) => number > victim)) await sleep(100);
  await act(first.folder, victim);
}

const rows: Readonly<Record<string, Row>> = {
  "a cut": { carriers: ALL, harm: (place) => session(place, "cut") },
  "a connection that is silent": { carriers: ALL, seconds: 60, harm: (place) => session(place, "silence") },
  "a session that the service closes": { carriers: ALL, harm: (place) => session(place, "close") },
  "frames that are lost, doubled and swapped": {
    carriers: ALL,
    harm: ({ task }) => {
      const last = local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
      const toClient = { lose: 0.05, duplicate: 0.05, swap: 0.05 };
      return local.inject({ link: { seed: 7, to: last?.sessionId ?? "open", toClient } });
    },
  },
  "an agent that dies": {
    carriers: S3,
    harm: ({ task }) => local.inject({ agent: { task: task.id } }),
  },
  "a task that is killed": { carriers: ALL, isEnd: true, harm: kill },
  "503 for twenty seconds": {
    carriers: S3,
    seconds: 35,
    harm: ({ bucket }) => s3(bucket, { code: "SlowDown", status: 503, lasts: 20_000 }),
  },
  "S3 that takes three seconds for each call": {
    carriers: S3,
    seconds: 35,
    harm: ({ bucket }) => s3(bucket, { delay: 3_000, lasts: 20_000 }),
  },
  "a denial for forty seconds": {
    carriers: S3,
    seconds: 60,
    harm: ({ bucket }) => s3(bucket, { code: "AccessDenied", status: 403, lasts: 40_000 }),
  },
  "a clock that is off for twenty seconds": {
    carriers: S3,
    seconds: 35,
    harm: ({ bucket }) =>
      s3(bucket, {
        code: "RequestTimeTooSkewed",
        message: "The difference between the request time and the current time is too large.",
        status: 403,
        lasts: 20_000,
      }),
  },
  "a form that has expired, until it is renewed": {
    carriers: S3,
    seconds: 40,
    harm: ({ bucket }) =>
      s3(
        bucket,
        {
          code: "AccessDenied",
          message: "Invalid according to Policy: Policy expired.",
          status: 403,
          lasts: 20_000,
        },
        ["POST"],
      ),
  },
  "answers that are lost": {
    carriers: S3,
    harm: ({ bucket }) => s3(bucket, { reset: "after", times: 4 }),
  },
  "S3 that is down for a minute": {
    carriers: S3,
    seconds: 110,
    harm: ({ bucket }) => s3(bucket, { reset: "before", lasts: 60_000 }),
  },
  "a piece that is deleted": {
    carriers: S3,
    seconds: 45,
    harm: (place) =>
      onLater(place, (folder, number) =>
        aws.s3.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: `${folder}${number}` })),
      ),
  },
  "a piece in the place of another": {
    carriers: S3,
    seconds: 45,
    harm: (place) =>
      onLater(place, (folder, number) =>
        aws.s3.send(
          new CopyObjectCommand({
            Bucket: place.bucket,
            Key: `${folder}${number}`,
            CopySource: `${place.bucket}/${folder}${number - 2}`,
          }),
        ),
      ),
  },
};

const BY_S3 = /^The output comes by S3 from byte \d+ on\.$/;

/** Runs a row. Resolves with what is wrong; with nothing when it holds. */
async function faultsOf(name: string, row: Row, carrier: Carrier): Promise<readonly string[]> {
  const bucket = `row-${name.replace(/\W+/g, "-").slice(0, 40).toLowerCase()}-${carrier}`;
  await aws.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const task = await aws.runningTask();
  const lines = (row.seconds ?? 20) * 10;
  const run = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 7`;
  let harmed: Promise<unknown> | undefined;
  const result = await aws.step(
    { task: task.id, bucket, logs: carrier, run, timeout: "10m" },
    {
      onLine: (line) => {
        const isTime = carrier === "bucket" ? BY_S3.test(line) : line === "5";
        if (isTime) harmed ??= sleep(1_000).then(() => row.harm({ task, bucket }));
      },
    },
  );
  await harmed;
  const { stdout = "", ["exit-code"]: exitCode, outcome } = result.outputs;
  const shown = stdout.split("\n").filter(Boolean);
  const isExact = shown.every((line, at) => line === String(at + 1));
  const log = mainLog(result);
  const logged = log.filter((line) => /^\d+$/.test(line));
  const found = [
    harmed === undefined ? "the fault never came" : "",
    isExact ? "" : `the output is ${shown.join(" ")}`,
    logged.join() === shown.join() ? "" : `the log shows ${logged.length} lines, not ${shown.length}`,
  ];
  if (row.isEnd === true)
    found.push(
      outcome === "unknown" && exitCode === "" && shown.length >= 5
        ? ""
        : `${outcome}, ${exitCode}, ${shown.length} lines`,
    );
  else {
    if (shown.length !== lines || exitCode !== "7")
      found.push(`${shown.length} of ${lines} lines, exit code ${exitCode}`);
    const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (Contents.length > 0) found.push(`left: ${Contents.map(({ Key }) => Key).join(" ")}`);
  }
  const wrong = found.filter(Boolean);
  return wrong.length === 0 ? [] : [...wrong, ...log.slice(-25)];
}

const wanted = process.env["SOAK_ROWS"] ?? "";
const waiting = Object.entries(rows)
  .flatMap(([name, row]) =>
    row.carriers.map((carrier) => [`${name}, ${carrier}`, name, row, carrier] as const),
  )
  .filter(([title]) => title.includes(wanted))
  .values();
const wrongRows: string[] = [];
const work = async (): Promise<void> => {
  for (const [title, name, row, carrier] of waiting) {
    const began = Date.now();
    const wrong = await faultsOf(name, row, carrier).catch((error: unknown) => [String(error)]);
    console.log(
      `${title}: ${wrong.length === 0 ? "exact" : "WRONG"} after ${Math.round((Date.now() - began) / 1000)} s`,
    );
    for (const line of wrong) console.log(`  ${line}`);
    if (wrong.length > 0) wrongRows.push(title);
  }
};
try {
  await Promise.all(Array.from({ length: Number(process.env["SOAK_AT_ONCE"] ?? 3) }, work));
} finally {
  await aws.stop();
}
process.exitCode = wrongRows.length === 0 ? 0 : 1;
