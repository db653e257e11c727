import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, mainLog } from "../helpers/local.ts";

let aws: Aws;
let tasks: readonly Task[];

beforeAll(async () => {
  aws = await Aws.start();
  tasks = await Promise.all([aws.runningTask(), aws.runningTask()]);
});

afterAll(() => aws.stop());

const run = (script: string, slot: number, more: Record<string, string> = {}): Promise<StepResult> =>
  aws.step({ task: tasks[slot % tasks.length]?.id ?? "", run: script, ...more });

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
  const result = await run(script, 0, { workers: String(ends.length) });
  expect(result.outputs).toMatchObject({ "exit-code": "1", outcome: "failed" });
  expect([result.conclusion, result.exitCode]).toEqual(["failure", 1]);
  expect(JSON.parse(result.outputs["results"] ?? "")).toEqual(
    ends.map(([exitCode], worker) => ({
      ...{ taskArn: tasks[0]?.arn, task: 0, worker, exitCode, stdout: "" },
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

it.each([
  [0, "exit 0"],
  [255, "exit 255"],
  [137, "kill -KILL $$"],
] as const)("a script that ends with %d by '%s' gives the step its exit code", async (code, script) => {
  const success = code === 0;
  const result = await run(script, 0);
  expect(result.outputs).toMatchObject({
    "exit-code": String(code),
    outcome: success ? "succeeded" : "failed",
  });
  expect([result.conclusion, result.exitCode]).toEqual(success ? ["success", 0] : ["failure", 1]);
  expect(result.annotations).toHaveLength(success ? 0 : 1);
});

it("a timeout gives 124 and an outcome of its own, however the script handles TERM", async () => {
  const [ends, defies] = await Promise.all([
    run("echo before; sleep 60; echo after", 0, { timeout: "1s" }),
    run("trap 'echo told to stop; exit 0' TERM; echo before; while :; do sleep 0.1; done", 1, {
      timeout: "1s",
    }),
  ]);
  for (const result of [ends, defies]) {
    expect(result.outputs).toMatchObject({ "exit-code": "124", outcome: "timed-out" });
    expect(result.conclusion).toBe("failure");
    expect(result.annotations).toEqual([
      expect.objectContaining({ level: "error", message: expect.stringContaining("'timeout'") as string }),
    ]);
  }
  expect(ends.outputs["stdout"]).toBe("before");
  expect(defies.outputs["stdout"]).toBe("before\ntold to stop");
});
