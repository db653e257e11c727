import { Failure } from "../../src/errors.ts";
import { withoutVerdict } from "../../src/report/decisive.ts";
import type { Outcome } from "../../src/report/outcome.ts";
import {
  failedAfter,
  failedResult,
  failuresOf,
  fencedResult,
  type TaskResult,
  workerResults,
} from "../../src/report/result.ts";
import { TASK } from "../helpers/tasks.ts";
import { aFailedResult, aResult, aStatus, someFacts } from "./example-results.ts";

const failure = (code: Failure["code"]): Failure =>
  new Failure(code, { failed: "f", seen: "s", advice: "a" });

describe("a job that said how it ended", () => {
  it.each<[string, Parameters<typeof aResult>, Outcome, number]>([
    ["one worker with 0", ["exited", "0"], "succeeded", 0],
    ["one worker with 3", ["exited", "3"], "failed", 3],
    ["one worker with 255", ["exited", "255"], "failed", 255],
    ["all workers with 0", ["exited", "0", "0", "0"], "succeeded", 0],
    ["several that failed: the first of them", ["exited", "0", "7", "3"], "failed", 7],
    ["a timeout, whatever TERM made of it", ["timed-out", "143!"], "timed-out", 124],
    ["a timeout to which the script answered with exit code 0", ["timed-out", "0!"], "timed-out", 124],
    ["a timeout of one of two", ["timed-out", "0", "143!"], "timed-out", 124],
    ["a failure before the timeout of another", ["timed-out", "5", "143!"], "failed", 5],
    ["a timeout that came when all were done", ["timed-out", "0", "0"], "succeeded", 0],
    ["a cancel", ["cancelled", "143!"], "cancelled", 130],
    ["a cancel of a script that ended by itself", ["cancelled", "0"], "succeeded", 0],
  ])("%s", (_, job, outcome, exitCode) => {
    expect(aResult(...job)).toMatchObject({ kind: "status", outcome, exitCode });
  });

  it("has a result for each worker, stopped or not", () => {
    expect(workerResults(aStatus("timed-out", "0", "3", "137!"), TASK)).toEqual([
      { taskArn: TASK, worker: 0, exitCode: 0, outcome: "succeeded", seconds: 10 },
      { taskArn: TASK, worker: 1, exitCode: 3, outcome: "failed", seconds: 11 },
      { taskArn: TASK, worker: 2, exitCode: 124, outcome: "timed-out", seconds: 12 },
    ]);
  });

  it("keeps what else is known", () => {
    expect(aResult("exited", "0").task).toEqual(someFacts());
  });
});

describe("a run without the job's status", () => {
  it.each<[string, Failure["code"], boolean, Outcome, number | undefined]>([
    ["never came to the script", "session-lost", false, "not-started", undefined],
    ["may have run the script", "no-status", true, "unknown", undefined],
    ["was cancelled before the script", "cancelled", false, "cancelled", undefined],
    ["was cancelled while the script ran", "cancelled", true, "cancelled", 130],
  ])("%s", (_, code, attached, outcome, exitCode) => {
    expect(aFailedResult(failure(code), { attached })).toMatchObject({ outcome, exitCode });
  });

  it("has no facts of a task when it failed before there was one", () => {
    expect(failedResult(failure("bad-input"))).toEqual({
      kind: "failed",
      outcome: "not-started",
      exitCode: undefined,
      failure: expect.any(Failure) as Failure,
      task: undefined,
    });
  });
});

it("a run whose script succeeded fails when its deployment takes no verdict, and keeps its earlier attempts", () => {
  const earlier = [{ taskId: "t", outcome: "failed", end: "exit code 75", reason: "exit code 75" }] as const;
  const result = withoutVerdict({ ...aResult("exited", "0"), earlier }, failure("hook-expired"));
  expect(result).toMatchObject({
    kind: "failed",
    outcome: "failed",
    exitCode: 0,
    earlier,
    task: someFacts(),
  });
});

describe("what fails after the end of a job", () => {
  const [missing, next] = [failure("artifacts-missing"), failure("hook-expired")];

  it("is the result of a job that has succeeded, with exit code 0", () => {
    expect(failedAfter(aResult("exited", "0"), missing)).toMatchObject({
      ...{ kind: "failed", outcome: "failed", exitCode: 0, failure: missing },
    });
  });

  it.each<[string, TaskResult]>([
    ["failed", aResult("exited", "7")],
    ["was cancelled", aResult("cancelled", "143!")],
    ["was lost", aFailedResult(failure("task-stopped"))],
    ["never began", aFailedResult(failure("exec-not-ready"), { attached: false })],
    ["was fenced off", fencedResult(someFacts())],
    ["has succeeded, and lacks artifacts already", failedAfter(aResult("exited", "0"), failure("no-status"))],
  ])("stands beside the own end of a job that %s, and only the first such failure", (_, result) => {
    const after = failedAfter(failedAfter(result, missing), next);
    expect(after).toEqual({ ...result, later: missing });
    expect(failuresOf(after)).toEqual([...failuresOf(result), missing]);
  });

  it("is nothing to a job that was left running", () => {
    const left = { kind: "detached", outcome: "detached", exitCode: undefined, handle: "h" } as const;
    const result = { ...left, task: someFacts() };
    expect(failedAfter(result, missing)).toBe(result);
    expect(failuresOf(failedAfter(result, missing))).toEqual([]);
  });
});
