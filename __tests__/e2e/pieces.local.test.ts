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
} from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { NumberedLines, NumberedReader } from "../helpers/numbered.ts";
import { eventually, until } from "../helpers/until.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start({}, "by inputs");
});
afterAll(() => aws.stop());

const MB = 1_000_000;
const BY_S3 = /^The output comes by S3 from byte \d+ on\.$/;

function byS3(task: Task, inputs: Inputs, options?: StepOptions): Promise<StepResult> {
  const more = { task: task.id, bucket: aws.world.made.bucket, transport: "s3" };
  return aws.step({ ...more, ...inputs }, options);
}

/** The lines of the script itself. */
const lines = (result: StepResult): readonly string[] =>
  jobLog(result).filter(
    (line) => !BY_S3.test(line) && !/^(Session |Output goes by S3|Script |##\[)/.test(line),
  );

/** What the log says of S3 as a carrier. */
const said = (result: StepResult): readonly string[] =>
  mainLog(result).filter((line) => line.includes("by S3"));

/** Calls `act` once the step shows this line. */
const at =
  (line: string | RegExp, act: () => unknown) =>
  (shown: string): void => {
    if (typeof line === "string" ? shown === line : line.test(shown)) void act();
  };

it.concurrent("the session is left, and the rest comes by S3, with the exit code", async () => {
  const task = await aws.runningTask();
  const result = await byS3(task, { run: "echo one; sleep 3; echo two; echo three >&2; exit 7" });
  expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: "one\ntwo" });
  expect(lines(result)).toEqual(["one", "two", "three"]);
  expect(said(result).some((line) => BY_S3.test(line))).toBe(true);
  await eventually(() => jobDirectories(task), []);
});

it.concurrent.each([0, 1, 3, 255])("a script of a moment ends with its exit code: %i", async (code) => {
  const task = await aws.runningTask();
  const result = await byS3(task, { run: `echo short; exit ${code}` });
  expect(result.outputs).toMatchObject({ "exit-code": String(code), stdout: "short" });
});

it.concurrent("50 MB arrive byte by byte", async () => {
  const task = await aws.runningTask();
  const numbered = new NumberedLines(50 * MB, {});
  const reader = new NumberedReader(numbered);
  const inputs = {
    cluster: aws.world.made.cluster,
    task: task.id,
    run: `sleep 2\n${numbered.script("python3", 7)}`,
  };
  const more = { bucket: aws.world.made.bucket, transport: "s3" };
  const { outputs, mostMemory } = await runMain(aws, { ...inputs, ...more }, (piece) => reader.push(piece));
  expect([reader.wrong, numbered.bytes - reader.bytes, outputs["exit-code"]]).toEqual([undefined, 0, "7"]);
  expect(reader.others.some((line) => BY_S3.test(line))).toBe(true);
  expect(mostMemory).toBeLessThanOrEqual(190);
});

it.concurrent("a timeout ends such a job", async () => {
  const task = await aws.runningTask();
  const result = await byS3(task, { run: "echo begun; sleep 60", timeout: "4s" });
  expect(result.outputs).toMatchObject({ "exit-code": "124", outcome: "timed-out" });
  expect(lines(result)).toEqual(["begun"]);
});

it.concurrent("a session that is cut before it is left costs nothing", async () => {
  const task = await aws.runningTask();
  const cut = () => {
    const session = aws.world.local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
    return aws.world.local.inject({ session: { do: "close", session: session?.sessionId ?? "" } });
  };
  const run = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done; exit 3";
  const result = await byS3(task, { run }, { onLine: at("1", cut) });
  expect(result.outputs["exit-code"]).toBe("3");
  expect(lines(result).filter((line) => /^\d$/.test(line))).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

it.concurrent("S3 that answers with errors for some seconds costs nothing", async () => {
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
  const result = await byS3(task, { run, prefix }, { onLine: at(BY_S3, fail) });
  expect(result.outputs["exit-code"]).toBe("3");
  expect(lines(result)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

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
    const result = await byS3(task, { run }, { onLine });
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
  await byS3(task, { run, prefix }, { onLine: at(BY_S3, kill) });
  await until(() => processes(task).every(({ command }) => !command.endsWith("/script")));
  await eventually(() => aws.objects(prefix), []);
});
