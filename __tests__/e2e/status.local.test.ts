import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { Aws, expectClean, mainLog, withoutInit } from "../helpers/local.ts";

let aws: Aws;
let task: Task;

beforeAll(async () => {
  aws = await Aws.start();
  task = await aws.runningTask(await aws.register("no-init", [withoutInit]));
});

afterAll(() => aws.stop());

const run = (script: string, more: Record<string, string> = {}): Promise<StepResult> =>
  aws.step({ task: task.id, run: script, ...more });

/** What a worker runs, and its exit code. */
const ends = [
  [0, "exit 0"],
  [1, "false; echo not reached"],
  [3, "exit 3"],
  [77, "exit 77"],
  [126, "/etc/hostname"],
  [127, "no-such-command"],
  [128, "exit 128"],
  [200, "(exit 200)"],
  [255, "exit 255"],
  [137, "kill -KILL $$"],
  [143, "kill -TERM $$"],
  [1, "exec python3 -c 'raise SystemExit(257)'"],
] as const;

it("each exit code arrives exactly, and the first of several workers that failed gives the step's", async () => {
  const cases = ends.map(([, script], worker) => `${worker}) ${script} ;;`);
  const script = `set -e\ncase $FARGATE_EXEC_WORKER in\n${cases.join("\n")}\nesac\n`;
  const result = await run(script, { workers: String(ends.length) });
  expect(result.outputs).toMatchObject({ "exit-code": "1", outcome: "failed" });
  expect([result.conclusion, result.exitCode]).toEqual(["failure", 1]);
  expect(JSON.parse(result.outputs["results"] ?? "")).toEqual(
    ends.map(([exitCode], worker) => ({
      ...{ taskArn: task.arn, task: 0, worker, exitCode, stdout: "" },
      outcome: exitCode === 0 ? "succeeded" : "failed",
      seconds: expect.any(Number) as number,
      // The step's own phases stand in its first result.
      ...(worker === 0 && {
        phases: expect.objectContaining({ Script: expect.any(Number) as number }) as object,
      }),
    })),
  );
  expect(mainLog(result).join("\n")).not.toContain("not reached");
  expect(result.summary).toContain("| 8 | failed | 255 |");
});

const alone = [
  [0, "exit 0"],
  [255, "exit 255"],
  [137, "kill -KILL $$"],
] as const;
it.each(everyNth(alone, 3, 1))(
  "a script that ends with %d by '%s' gives the step its exit code",
  async (code, script) => {
    const success = code === 0;
    const result = await run(script);
    expect(result.outputs).toMatchObject({
      "exit-code": String(code),
      outcome: success ? "succeeded" : "failed",
    });
    expect([result.conclusion, result.exitCode]).toEqual(success ? ["success", 0] : ["failure", 1]);
    expect(result.annotations).toHaveLength(success ? 0 : 1);
  },
);

it("a timeout gives 124 and an outcome of its own, however the script handles TERM, and leaves nothing where PID 1 is tail", async () => {
  const defy = "trap 'echo told to stop; exit 0' TERM; echo before; while :; do sleep 0.1; done";
  const script = `[ "$FARGATE_EXEC_WORKER" = 0 ] || { ${defy}; }\necho before; sleep 50 | cat & (sleep 60; :) & wait; echo after`;
  const result = await run(script, { workers: "2", timeout: "3s" });
  expect(result.outputs).toMatchObject({ "exit-code": "124", outcome: "timed-out" });
  expect(result.conclusion).toBe("failure");
  expect(result.annotations).toEqual([
    expect.objectContaining({ level: "error", message: expect.stringContaining("'timeout'") as string }),
  ]);
  await expectClean(task);
  expect(JSON.parse(result.outputs["results"] ?? "")).toMatchObject([
    { worker: 0, exitCode: 124, outcome: "timed-out", stdout: "before" },
    { worker: 1, exitCode: 124, outcome: "timed-out", stdout: "before\ntold to stop" },
  ]);
});
