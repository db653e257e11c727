import type { Task } from "../../local/task/task.ts";
import type { StepResult } from "../../local/runner/step.ts";
import {
  Aws,
  type Inputs,
  jobDirectories,
  jobLog,
  mainLog,
  type StepOptions,
  withoutInit,
} from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { NumberedLines, NumberedReader } from "../helpers/numbered.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

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

/** The lines of the script itself. */
const lines = (result: StepResult): readonly string[] =>
  jobLog(result).filter((line) => !BY_S3.test(line) && !/^(Session |Script |##\[)/.test(line));

/** Calls `act` once the step shows this line. */
const at =
  (line: string | RegExp, act: () => unknown) =>
  (shown: string): void => {
    if (typeof line === "string" ? shown === line : line.test(shown)) void act();
  };

itInSoak.concurrent("6 MB arrive byte for byte", async () => {
  const task = await aws.runningTask();
  const numbered = new NumberedLines(6 * MB, {});
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

it.concurrent(
  "the step releases its session, so that two jobs run side by side, and the rest comes by S3, with the exit code",
  async () => {
    const task = await aws.runningTask();
    // Each waits for a file of the other, for a minute at most. So both end well only if they ran at once.
    const run = `echo one
date +begin=%s%N
: >"/tmp/meets-$1"
n=0
until [ -e "/tmp/meets-$2" ]; do
  n=$((n + 1))
  [ "$n" -lt 300 ] || exit 9
  sleep 0.2
done
date +end=%s%N
echo two; echo three >&2; exit 7`;
    let second: Promise<StepResult> | undefined;
    const onLine = at(BY_S3, () => (second = runByS3(task, { run, args: "b\na" })));
    const first = await runByS3(task, { run, args: "a\nb" }, { onLine });
    const [one, two] = [first, await second].map((result) => {
      expect(result?.outputs).toMatchObject({ "exit-code": "7", outcome: "failed" });
      expect(result?.outputs["stdout"]?.replace(/=\d+$/gm, "")).toBe("one\nbegin\nend\ntwo");
      const [begin, end] = [...(result?.outputs["stdout"] ?? "").matchAll(/=(\d+)/g)].map(([, at]) =>
        Number(at),
      );
      return { begin: begin ?? NaN, end: end ?? NaN };
    });
    expect(lines(first).filter((line) => !line.includes("="))).toEqual(["one", "two", "three"]);
    expect(two?.begin).toBeLessThan(one?.end ?? NaN);
    expect(one?.begin).toBeLessThan(two?.end ?? NaN);
    await eventually(() => jobDirectories(task), []);
  },
);

itInSoak.concurrent(
  "when PID 1 reaps nothing the session stays open, and nothing is left behind",
  async () => {
    const task = await aws.runningTask(await aws.register("no-reaper", [withoutInit]));
    const result = await runByS3(task, { run: "echo one; sleep 9; echo two; exit 7" });
    expect(result.outputs["exit-code"]).toBe("7");
    expect(lines(result).filter((line) => /^(one|two)$/.test(line))).toEqual(["one", "two"]);
    expect(mainLog(result).join("\n")).toContain("initProcessEnabled");
    // The processes are not compared, since the attacher's test whether PID 1 reaps leaves one zombie.
    expect(jobDirectories(task)).toEqual([]);
  },
);
