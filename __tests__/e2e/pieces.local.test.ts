import { writeFileSync } from "node:fs";
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Task } from "../../local/task/task.ts";
import type { StepResult } from "../../local/runner/step.ts";
import {
  Aws,
  type Inputs,
  jobDirectories,
  jobLog,
  mainLog,
  pidOf,
  processes,
  type StepOptions,
  withoutInit,
} from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { NumberedLines, NumberedReader } from "../helpers/numbered.ts";
import { turnOf } from "../helpers/turns.ts";
import { waitForAnswer, eventually, until } from "../helpers/until.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const MB = 1_000_000;
const BY_S3 = /^The output comes by S3 from byte \d+ on\.$/;

function runByS3(task: Task, inputs: Inputs, options?: StepOptions): Promise<StepResult> {
  const more = { task: task.id, bucket: aws.world.made.bucket, logs: "bucket" };
  return aws.step({ ...more, ...inputs }, options);
}

/** The input `bucket` for keys with this prefix. */
const below = (prefix: string): string => `${aws.world.made.bucket}/${prefix}`;

/** The lines of the script itself. */
const lines = (result: StepResult): readonly string[] =>
  jobLog(result).filter((line) => !BY_S3.test(line) && !/^(Session |Script |##\[)/.test(line));

/** What the log says of S3 as a carrier. */
const said = (result: StepResult): readonly string[] =>
  mainLog(result).filter((line) => line.includes("by S3"));

/** Calls `act` once the step shows this line. */
const at =
  (line: string | RegExp, act: () => unknown) =>
  (shown: string): void => {
    if (typeof line === "string" ? shown === line : line.test(shown)) void act();
  };

/** The folder of the only job that prints into the bucket under this prefix. */
async function folderOf(prefix: string): Promise<string> {
  return await waitForAnswer(`a piece below ${prefix}`, async () => {
    const [key] = await aws.objects(`${prefix}output/`);
    return key?.slice(0, key.lastIndexOf("/") + 1);
  });
}

it.concurrent("the step releases its session, and the rest comes by S3, with the exit code", async () => {
  const task = await aws.runningTask();
  const result = await runByS3(task, { run: "echo one; sleep 3; echo two; echo three >&2; exit 7" });
  expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: "one\ntwo" });
  expect(lines(result)).toEqual(["one", "two", "three"]);
  expect(said(result).some((line) => BY_S3.test(line))).toBe(true);
  await eventually(() => jobDirectories(task), []);
});

it.concurrent.each(turnOf([0, 1, 3, 255], 4))(
  "a script that ends at once has its exit code: %i",
  async (code) => {
    const task = await aws.runningTask();
    const result = await runByS3(task, { run: `echo short; exit ${code}` });
    expect(result.outputs).toMatchObject({ "exit-code": String(code), stdout: "short" });
  },
);

it.concurrent("50 MB arrive byte for byte", async () => {
  const task = await aws.runningTask();
  const numbered = new NumberedLines(50 * MB, {});
  const reader = new NumberedReader(numbered);
  const inputs = {
    cluster: aws.world.made.cluster,
    task: task.id,
    run: `sleep 2\n${numbered.script("python3", 7)}`,
  };
  const more = { bucket: aws.world.made.bucket, logs: "bucket" };
  const { outputs, mostMemory } = await runMain(aws, { ...inputs, ...more }, (piece) => reader.push(piece));
  expect([reader.wrong, numbered.bytes - reader.bytes, outputs["exit-code"]]).toEqual([undefined, 0, "7"]);
  expect(reader.others.some((line) => BY_S3.test(line))).toBe(true);
  expect(mostMemory).toBeLessThanOrEqual(190);
});

it.concurrent("two jobs run side by side in one container, because the place is given back", async () => {
  const task = await aws.runningTask();
  // Each waits for a file of the other, for a minute at most. So both end well only if they ran at once.
  const run = `date +begin=%s%N
: >"/tmp/meets-$1"
n=0
until [ -e "/tmp/meets-$2" ]; do
  n=$((n + 1))
  [ "$n" -lt 300 ] || exit 9
  sleep 0.2
done
date +end=%s%N`;
  let second: Promise<StepResult> | undefined;
  const onLine = at(BY_S3, () => (second = runByS3(task, { run, args: "b\na" })));
  const first = await runByS3(task, { run, args: "a\nb" }, { onLine });
  const [one, two] = [first, await second].map((result) => {
    expect(result?.outputs["exit-code"]).toBe("0");
    const [begin, end] = [...(result?.outputs["stdout"] ?? "").matchAll(/=(\d+)/g)].map(([, at]) =>
      Number(at),
    );
    return { begin: begin ?? NaN, end: end ?? NaN };
  });
  expect(two?.begin).toBeLessThan(one?.end ?? NaN);
  expect(one?.begin).toBeLessThan(two?.end ?? NaN);
});

it.concurrent("when PID 1 reaps nothing the session stays open, and nothing is left behind", async () => {
  const task = await aws.runningTask(await aws.register("no-reaper", [withoutInit]));
  const result = await runByS3(task, { run: "echo one; sleep 9; echo two; exit 7" });
  expect(result.outputs["exit-code"]).toBe("7");
  expect(lines(result).filter((line) => /^(one|two)$/.test(line))).toEqual(["one", "two"]);
  expect(mainLog(result).join("\n")).toContain("initProcessEnabled");
  // The processes are not compared, since the attacher's test whether PID 1 reaps leaves one zombie.
  expect(jobDirectories(task)).toEqual([]);
});

// Not beside the others: a cancel opens a session, and a busy machine may need more than the runner's time for that.
it("a cancel reaches a job that no session follows", async () => {
  const task = await aws.runningTask();
  const cancel = new AbortController();
  const run = "trap 'echo last words; exit 9' TERM; echo begun; while :; do sleep 0.1; done";
  const result = await runByS3(
    task,
    { run },
    { signal: cancel.signal, onLine: at(BY_S3, () => cancel.abort()) },
  );
  expect(result.conclusion).toBe("cancelled");
  expect(result.outputs["outcome"]).toBe("cancelled");
  expect(lines(result)).toEqual(expect.arrayContaining(["begun", "last words"]));
  await eventually(() => processes(task).filter(({ command }) => command.endsWith("/script")), []);
});

it.concurrent("a timeout ends a job that no session follows", async () => {
  const task = await aws.runningTask();
  const result = await runByS3(task, { run: "echo begun; sleep 60", timeout: "8s" });
  expect(result.outputs).toMatchObject({ "exit-code": "124", outcome: "timed-out" });
  expect(lines(result)).toEqual(["begun"]);
});

it.concurrent("a cut of the session before the step detaches from it loses nothing", async () => {
  const task = await aws.runningTask();
  const cut = () => {
    const session = aws.world.local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
    return aws.world.local.inject({ session: { do: "close", session: session?.sessionId ?? "" } });
  };
  const run = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done; exit 3";
  const result = await runByS3(task, { run }, { onLine: at("1", cut) });
  expect(result.outputs["exit-code"]).toBe("3");
  expect(lines(result).filter((line) => /^\d$/.test(line))).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

it.concurrent("some seconds of errors from S3 lose nothing", async () => {
  const task = await aws.runningTask();
  const prefix = "slow/";
  const operation = `GET /${aws.world.made.bucket}/${prefix}output/*`;
  const fail = () =>
    aws.world.local.inject({
      api: [
        { operation, code: "SlowDown", status: 503, times: 6 },
        { operation, code: "InternalError", status: 500, times: 4 },
        { operation, delay: 1_500, times: 2 },
      ],
    });
  const run = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done; exit 3";
  const result = await runByS3(task, { run, bucket: below(prefix) }, { onLine: at(BY_S3, fail) });
  expect(result.outputs["exit-code"]).toBe("3");
  expect(lines(result)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

const troubles = [
  ["slow", "answers 503", { code: "SlowDown", status: 503 }],
  ["closed", "denies", { code: "AccessDenied", status: 403 }],
] as const;

it.concurrent.each(turnOf(troubles, 2))(
  "while S3 is %s for half a minute a session carries the output, and then S3 again: it %s",
  async (name, _, fault) => {
    const task = await aws.runningTask();
    const prefix = `${name}-for-long/`;
    const operation = `GET /${aws.world.made.bucket}/${prefix}output/*`;
    let isDown = false;
    const goDown = (): Promise<void> | undefined => {
      if (isDown) return undefined;
      isDown = true;
      return aws.world.local.inject({ api: { operation, ...fault, lasts: 34_000 } });
    };
    // It ends when S3 carries its output for the second time, or after two minutes.
    const run = `n=0; until [ -e /tmp/over ] || [ "$n" -ge 240 ]; do n=$((n + 1)); echo $n; sleep 0.5; done; exit 3`;
    let handovers = 0;
    const onLine = (line: string): void => {
      if (!BY_S3.test(line)) return;
      void goDown();
      if ((handovers += 1) === 2) writeFileSync(`/proc/${processes(task)[0]?.pid ?? 0}/root/tmp/over`, "");
    };
    const result = await runByS3(task, { run, bucket: below(prefix) }, { onLine });
    expect(result.outputs["exit-code"]).toBe("3");
    expect(said(result).join("\n")).toMatch(
      /does not come by S3 any more: .*\. A session goes on at byte \d+\./,
    );
    expect(handovers).toBe(2);
    const numbers = lines(result).filter((line) => /^\d+$/.test(line));
    expect(numbers).toEqual(numbers.map((_, at) => String(at + 1)));
    await eventually(() => aws.objects(prefix), []);
  },
);

/**
 * Runs a step, calls `harm` once S3 carries its output, and checks that a session goes on with the output. `wasSeen` says whether the step has
 * noticed the harm.
 */
async function runWithHarm(
  prefix: string,
  harm: (folder: string, wasSeen: () => boolean) => Promise<unknown>,
): Promise<StepResult> {
  const task = await aws.runningTask();
  const run = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done; sleep 14; echo 9; exit 3";
  let done: Promise<unknown> = Promise.resolve();
  let wasSeen = false;
  const begin = at(BY_S3, () => (done = folderOf(prefix).then((folder) => harm(folder, () => wasSeen))));
  const onLine = (line: string): void => {
    begin(line);
    wasSeen ||= line.includes("does not come by S3 any more");
  };
  const result = await runByS3(task, { run, bucket: below(prefix) }, { onLine });
  await done;
  expect(result.outputs).toMatchObject({ "exit-code": "3", outcome: "failed" });
  expect(result.outputs["stdout"]).toBe("1\n2\n3\n4\n5\n6\n7\n8\n9");
  await eventually(() => aws.objects(prefix), []);
  return result;
}

const put = (Key: string, Body: string): Promise<unknown> =>
  aws.s3.send(new PutObjectCommand({ Bucket: aws.world.made.bucket, Key, Body }));

it.concurrent("a status that another principal writes into the bucket is not believed", async () => {
  const mac = "0".repeat(64);
  const result = await runWithHarm("forged/", async (folder, wasSeen) => {
    // A forged end is written as the next piece, whatever its number is, until the step has noticed it.
    while (!wasSeen()) {
      const { Contents = [] } = await aws.s3.send(
        new ListObjectsV2Command({ Bucket: aws.world.made.bucket, Prefix: folder }),
      );
      const numbers = Contents.flatMap(({ Key = "" }) => /\/(\d+)$/.exec(Key)?.[1] ?? []).map(Number);
      const next = Math.max(-1, ...numbers) + 1;
      if (next > 60) return;
      await put(`${folder}${next}`, `fx1 end ${next} 0 12 ${mac}\nexited 0=0:1`);
    }
  });
  expect(said(result).join("\n")).toMatch(
    /does not come by S3 any more: piece \d+ is not what the container/,
  );
});

it.concurrent("a piece that is deleted comes by a session", async () => {
  const result = await runWithHarm("deleted/", async (folder) => {
    const numbers = async (): Promise<number[]> =>
      (await aws.objects(folder)).flatMap((key) => Number(/\/(\d+)$/.exec(key)?.[1] ?? []));
    const path = `/${aws.world.made.bucket}/${folder}`;
    // Reads of this piece are slow before it is there, so that none finds it before it is deleted.
    const victim = Math.max(0, ...(await numbers())) + 4;
    await aws.world.local.inject({
      api: { operation: `GET ${path}${victim}`, delay: 9_000, times: 2 },
    });
    await waitForAnswer("the next piece", async () => (await numbers()).find((number) => number > victim));
    await aws.s3.send(new DeleteObjectCommand({ Bucket: aws.world.made.bucket, Key: `${folder}${victim}` }));
  });
  expect(said(result).join("\n")).toMatch(/does not come by S3 any more: piece \d+ is missing/);
});

/** A script whose root writes records of its own into the spool, as the recorder does: facts about artifacts that name parts. */
const FORGED = [
  'd=${0%/*}; until [ -e "$d/order" ]; do sleep 0.1; done',
  'job=$(sed -n "s/^job //p" "$d/order"); sum=$(printf %064d 0); echo true >/tmp/real',
  // The newest file of the spool.
  'spool=$(ls -t "$d"/out.* | head -n 1)',
  'i=0; while [ $i -lt 200 ]; do printf "\\033]7733;f\\007part\\n\\033]7733;f\\007no-part\\n"; i=$((i + 1)); done >>"$spool"',
  'for i in 1 2 3 4 5; do printf "\\033]7733;f\\007part %s 999999999 1 %s\\n" "$job" "$sum"; done >>"$spool"',
  "sleep 2; exit 3",
].join("\n");

it.concurrent(
  "root of the container that names parts at will ends neither main nor post, and its job stays red",
  async () => {
    const task = await aws.runningTask();
    const artifacts = { artifacts: "/tmp/real", "artifacts-path": "forged-back" };
    const result = await runByS3(task, {
      bucket: below("forged/"),
      run: FORGED,
      ...artifacts,
    });
    expect([result.outputs["exit-code"], result.conclusion, result.post?.conclusion]).toEqual([
      "3",
      "failure",
      "success",
    ]);
    expect(result.annotations.map(({ message }) => message).join("\n")).toMatch(/did not come whole/);
    expect(await aws.objects("forged/")).toEqual([]);
  },
);

it.concurrent(
  "what was uploaded is shown when the task is killed, and the log says what is missing",
  async () => {
    const task = await aws.runningTask();
    const kill = () =>
      aws.world.local.inject({ task: { task: task.id, abrupt: true, stopCode: "SpotInterruption" } });
    const run = "for i in 1 2 3 4 5 6; do echo $i; sleep 1; done; sleep 60";
    let shown = false;
    const onLine = (line: string): void => {
      if (line === "6" && !shown) {
        shown = true;
        void kill();
      }
    };
    const result = await runByS3(task, { run }, { onLine });
    expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "unknown" });
    expect(lines(result).filter((line) => /^\d$/.test(line))).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(said(result).join("\n")).toMatch(
      /came by S3 up to byte \d+\. What the job printed after that is lost/,
    );
  },
);

it.concurrent("post stops the job of a main that was killed, and leaves no object", async () => {
  const task = await aws.runningTask();
  const prefix = "killed/";
  const kill = (): void => {
    const pid = pidOf(task.id);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  };
  const run = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.3; done";
  await runByS3(task, { run, bucket: below(prefix) }, { onLine: at(BY_S3, kill) });
  await until(() => processes(task).every(({ command }) => !command.endsWith("/script")));
  await eventually(() => aws.objects(prefix), []);
});
