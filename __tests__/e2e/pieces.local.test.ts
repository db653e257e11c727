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
import { eventually, until } from "../helpers/until.ts";

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

it.concurrent("the step releases its session, and the rest comes by S3, with the exit code", async () => {
  const task = await aws.runningTask();
  const result = await runByS3(task, { run: "echo one; sleep 3; echo two; echo three >&2; exit 7" });
  expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: "one\ntwo" });
  expect(lines(result)).toEqual(["one", "two", "three"]);
  expect(said(result).some((line) => BY_S3.test(line))).toBe(true);
  await eventually(() => jobDirectories(task), []);
});

it.concurrent("20 MB arrive byte for byte", async () => {
  const task = await aws.runningTask();
  const numbered = new NumberedLines(20 * MB, {});
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
