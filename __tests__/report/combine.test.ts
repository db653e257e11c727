import { Failure } from "../../src/errors.ts";
import { explain } from "../../src/report/explain.ts";
import { makeOutputs } from "../../src/report/outputs.ts";
import { decisiveResult } from "../../src/report/decisive.ts";
import {
  type FailedResult,
  NO_OUTPUT,
  type Result,
  type StatusResult,
  type TaskResult,
} from "../../src/report/result.ts";
import { makeSummary } from "../../src/report/summary.ts";
import { aStep, NO_TIME } from "./example-results.ts";
import { target } from "../helpers/resolving.ts";

const facts = (id: string, stdout: string) => ({
  target: { ...target, taskArn: `arn/${id}`, taskId: id },
  publicIp: undefined,
  sessionId: `session-${id}`,
  log: undefined,
  ...NO_OUTPUT,
  stdout,
  startedAt: undefined,
  described: undefined,
  times: undefined,
});

/** A job that ended in task `id` with these exit codes of its workers. */
function endedResult(id: string, ...codes: number[]): StatusResult {
  const failed = codes.find((code) => code !== 0);
  const outcome = (code: number) => (code === 0 ? "succeeded" : "failed");
  return {
    kind: "status",
    outcome: outcome(failed ?? 0),
    exitCode: failed ?? 0,
    workers: codes.map((exitCode, worker) => ({
      taskArn: `arn/${id}`,
      worker,
      exitCode,
      outcome: outcome(exitCode),
      seconds: worker + 1,
    })),
    task: facts(id, `out of ${id}`),
  };
}
function lostResult(id: string): FailedResult {
  const failure = new Failure("task-stopped", { failed: "It stopped.", seen: "Seen.", advice: "Do." });
  return { kind: "failed", outcome: "not-started", exitCode: undefined, failure, task: facts(id, "") };
}
const combined = (tasks: readonly TaskResult[]): Result => ({ kind: "several", tasks });

it("the result of several tasks is a success when every task is one, and has the values of the first", () => {
  const result = combined([endedResult("a", 0, 0), endedResult("b", 0)]);
  expect(makeOutputs(result)).toMatchObject({
    "exit-code": "0",
    outcome: "succeeded",
    stdout: "[task 0] out of a\n[task 1] out of b",
    "task-arn": "arn/a",
    "task-arns": '["arn/a","arn/b"]',
    "session-id": "session-a",
  });
  expect(JSON.parse(makeOutputs(result)["results"] ?? "")).toMatchObject([
    { taskArn: "arn/a", worker: 0 },
    { taskArn: "arn/a", worker: 1 },
    { taskArn: "arn/b", worker: 0 },
  ]);
  expect(explain(result, aStep)).toBeUndefined();
});

it("the result of several tasks is that of the first failing worker, in the order of tasks and then of workers", () => {
  const result = combined([endedResult("a", 0), endedResult("b", 0, 3), endedResult("c", 4)]);
  expect(makeOutputs(result)).toMatchObject({ "exit-code": "3", outcome: "failed", "task-arn": "arn/b" });
  expect(explain(result, aStep)).toMatchObject({
    title: "fargate-exec: failed",
    message:
      "2 of 3 tasks failed (task 1: worker 1: exit code 3; task 2: exit code 4). Task 1: 1 of 2 workers failed (worker 1: exit code 3). The exit code is 3.",
  });
});

it("the result of several tasks has no exit code when the first task that failed has none", () => {
  const result = combined([endedResult("a", 0), lostResult("b"), endedResult("c", 4)]);
  expect(makeOutputs(result)).toMatchObject({ "exit-code": "", outcome: "not-started", "task-arn": "arn/b" });
  expect(explain(result, aStep)).toMatchObject({
    title: "fargate-exec: task-stopped",
    message:
      "2 of 3 tasks failed (task 1: task-stopped; task 2: exit code 4). Task 1: It stopped.\nSeen.\nDo.",
  });
});

it("the summary of several tasks has a line for each task", () => {
  const text = makeSummary(
    combined([endedResult("a", 0, 0), endedResult("b", 0, 3), lostResult("c")]),
    aStep,
    NO_TIME,
  );
  expect(text).toContain("| 0 | `a` | succeeded | 0 0 | 2 |");
  expect(text).toContain("| 1 | `b` | failed | 0 3 | 2 |");
  expect(text).toContain("| 2 | `c` | task-stopped |  | 0 |");
});

it("the output 'stdout' of several tasks keeps the end of what all of them print", () => {
  const long = "x".repeat(1024 * 1024);
  const { stdout = "" } = makeOutputs(
    combined([{ ...endedResult("a", 0), task: facts("a", long) }, endedResult("b", 0)]),
  );
  expect(stdout).toHaveLength(1024 * 1024);
  expect(stdout.endsWith("x\n[task 1] out of b")).toBe(true);
});

it("only LF begins a labelled line of the output 'stdout'", () => {
  const printed = "a\r\nb\r10%\r20%\u2028c\u2029d\n\ne";
  const { stdout } = makeOutputs(
    combined([{ ...endedResult("a", 0), task: facts("a", printed) }, endedResult("b", 0)]),
  );
  expect(stdout).toBe(
    "[task 0] a\r\n[task 0] b\r10%\r20%\u2028c\u2029d\n[task 0] \n[task 0] e\n[task 1] out of b",
  );
});

it("a result of no task is an error", () => {
  expect(() => decisiveResult(combined([]))).toThrow("no task has a result");
});
