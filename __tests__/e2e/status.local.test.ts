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

it.each([
  [
    [0, "exit 0"],
    [1, "false; echo not reached"],
    [3, "exit 3"],
    [77, "exit 77"],
  ],
  [
    [126, "/etc/hostname"],
    [127, "no-such-command"],
    [128, "exit 128"],
    [200, "(exit 200)"],
  ],
  [
    [255, "exit 255"],
    [137, "kill -KILL $$"],
    [143, "kill -TERM $$"],
    [1, "#!/usr/bin/env python3\nraise SystemExit(257)"],
  ],
] as const)("each exit code arrives exactly: %j", async (...scripts) => {
  const results = await Promise.all(scripts.map(([, script], slot) => run(script, slot)));
  results.forEach((result, at) => {
    const [code] = scripts[at] ?? [];
    const success = code === 0;
    expect(result.outputs).toMatchObject({
      "exit-code": String(code),
      outcome: success ? "succeeded" : "failed",
    });
    expect(JSON.parse(result.outputs["results"] ?? "")).toEqual([
      {
        taskArn: tasks[at % tasks.length]?.arn,
        task: 0,
        worker: 0,
        exitCode: code,
        outcome: success ? "succeeded" : "failed",
        seconds: expect.any(Number) as number,
        stdout: "",
        phases: expect.objectContaining({ Script: expect.any(Number) as number }) as object,
      },
    ]);
    expect([result.conclusion, result.exitCode]).toEqual(success ? ["success", 0] : ["failure", 1]);
    expect(result.annotations).toHaveLength(success ? 0 : 1);
    expect(mainLog(result).join("\n")).not.toContain("not reached");
  });
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

it("the first of several workers that failed gives the step's exit code", async () => {
  const result = await run('[ "$FARGATE_EXEC_WORKER" = 0 ] || exit "4$FARGATE_EXEC_WORKER"', 0, {
    workers: "3",
  });
  expect(result.outputs).toMatchObject({ "exit-code": "41", outcome: "failed" });
  const results = JSON.parse(result.outputs["results"] ?? "") as { worker: number; exitCode: number }[];
  expect(results.map(({ worker, exitCode }) => [worker, exitCode])).toEqual([
    [0, 0],
    [1, 41],
    [2, 42],
  ]);
  expect(result.summary).toContain("| 2 | failed | 42 |");
});
