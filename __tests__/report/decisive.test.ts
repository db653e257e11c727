import { explain } from "../../src/report/explain.ts";
import {
  decisiveResult,
  judgedTasks,
  replacedTasks,
  withLostLockIn,
  withoutVerdict,
} from "../../src/report/decisive.ts";
import { hasFailed } from "../../src/report/item-results.ts";
import { replacedTaskWarnings } from "../../src/report/item-words.ts";
import {
  failedAfter,
  failedResult,
  fencedResult,
  type SeveralResults,
  type TaskResult,
  withMissingArtifacts,
} from "../../src/report/result.ts";
import { aFailedResult, aFailure, aResult, aStep, someFacts } from "./example-results.ts";
import { anItem, someItems } from "./example-items.ts";

const DONE = aResult("exited", "0", "0");
const LOST = aFailedResult(aFailure("task-stopped"));
const GONE = failedAfter(LOST, aFailure("artifacts-missing"));
const NEVER = failedResult(aFailure("task-not-started"));
const KILLED = aResult("exited", "0", "137");
const LATE = aResult("timed-out", "0!");
const report = { path: "/a", taskPath: "/a", directory: "a", count: 0, bytes: 0, problems: ["none"] };
const LACKING = withMissingArtifacts({ ...DONE, task: someFacts({ artifacts: report }) });
const FENCED = fencedResult(someFacts());
const CANCELLED_EARLY = aFailedResult(aFailure("cancelled"), { attached: false });
const ALL = [DONE, LOST, GONE, NEVER, KILLED, LACKING, FENCED, CANCELLED_EARLY];

const several = (tasks: readonly TaskResult[], ...ends: readonly string[]): SeveralResults => ({
  kind: "several",
  tasks,
  items: someItems(...ends),
});

describe("a step with items", () => {
  it.each<[string, readonly TaskResult[], string[], string, number | undefined]>([
    ["all ended well", [DONE], ["0", "0"], "succeeded", 0],
    ["all ended well, and a task was lost", [LOST, DONE], ["0", "0"], "succeeded", 0],
    ["all ended well, and a task never started", [NEVER, DONE], ["0", "0"], "succeeded", 0],
    ["all ended well, and a worker was killed", [KILLED, DONE], ["0", "0"], "succeeded", 0],
    ["all ended well, and a task waited until its time was over", [LATE, DONE], ["0", "0"], "succeeded", 0],
    ["all ended well, and their only task waited until its time was over", [LATE], ["0"], "succeeded", 0],
    ["all ended well, and the only task lost a worker that had none", [KILLED], ["0"], "succeeded", 0],
    ["all ended well, and one task was lost, one out of time", [LOST, LATE], ["0"], "succeeded", 0],
    ["all ended well, but every task was lost", [LOST, LOST], ["0"], "unknown", undefined],
    ["all ended well, but a task lacks artifacts", [DONE, LACKING], ["0"], "failed", 0],
    ["all ended well, but a task was lost that had files", [GONE, DONE], ["0"], "failed", 0],
    ["all ended well, but every task was lost, and its files", [GONE, GONE], ["0"], "unknown", undefined],
    ["all ended well, but a task was fenced off", [DONE, FENCED], ["0"], "cancelled", 130],
    ["some failed: the first of the list decides", [DONE, DONE], ["0", "7", "3"], "failed", 7],
    ["one failed, and one was stopped before it", [DONE], ["0t", "7"], "timed-out", 124],
    ["one was stopped by a cancel", [DONE], ["0", "143c"], "cancelled", 130],
    ["one was stopped by its own step, which has lost the task", [LOST], ["0", "143c"], "cancelled", 130],
    ["one was stopped by its own step, which has lost files, too", [GONE], ["0", "143c"], "cancelled", 130],
    ["one was stopped, and another task was lost", [DONE, LOST], ["0", "143c"], "cancelled", 130],
    ["one failed, and a task was lost", [LOST, DONE], ["0", "?", "3"], "failed", 3],
    ["one failed, and a task lacks artifacts", [LACKING], ["0", "3"], "failed", 3],
    ["one has an unknown end, by a lost task that had files", [DONE, GONE], ["0", "?"], "unknown", undefined],
    ["one did not begin, by a lost task that had files", [DONE, GONE], ["0", "-"], "unknown", undefined],
    ["one has an unknown end, by a lost task", [NEVER, LOST], ["0", "?"], "unknown", undefined],
    ["one did not begin, by a task that never started", [NEVER], ["-"], "not-started", undefined],
    ["one did not begin, and no task failed", [DONE], ["0", "-"], "not-started", undefined],
    ["one has an unknown end, and no task failed", [DONE], ["0", "-", "?"], "unknown", undefined],
  ])("%s", (_, tasks, ends, outcome, exitCode) => {
    expect(decisiveResult(several(tasks, ...ends))).toMatchObject({ outcome, exitCode });
  });

  it("is never green with an item that has not ended well, whatever became of its tasks", () => {
    for (const bad of ["1", "0t", "0c", "?", "-"])
      for (const one of ALL)
        for (const other of ALL)
          expect(decisiveResult(several([one, other], "0", bad)).outcome).not.toBe("succeeded");
  });

  it("ends with the outcome and the exit code of the first item that failed, whatever became of its tasks, and what came after it", () => {
    const ends = [
      ["7", "failed", 7],
      ["143t", "timed-out", 124],
      ["143c", "cancelled", 130],
    ] as const;
    for (const [end, outcome, exitCode] of ends)
      for (const one of ALL)
        for (const other of ALL) {
          const result = several([one, other], "0", end, "3");
          if ([one, other].every(({ task }) => task === undefined)) continue;
          expect(decisiveResult(result)).toMatchObject({ outcome, exitCode });
          expect(explain(result, aStep)).toBeDefined();
        }
  });

  it("tells of files that did not come with a lost task, when all items have succeeded", () => {
    expect(explain(several([DONE, GONE], "0"), aStep)?.message).toBe(
      "1 of 2 tasks failed (task 1: task-stopped). Task 1: It failed.\nThis was seen.\nDo that.",
    );
    expect(explain(several([DONE, GONE], "0"), aStep)?.title).toBe("fargate-exec: artifacts-missing");
  });

  it("has the facts of the task in which the item ran", () => {
    const other = { ...DONE, task: someFacts({ sessionId: "of the other" }) };
    const items = { ...someItems(), items: [anItem("3", 0, { task: 1 })] };
    expect(decisiveResult({ kind: "several", tasks: [DONE, other], items })).toMatchObject({
      kind: "status",
      task: { sessionId: "of the other" },
    });
  });

  it("tells the earlier attempts of the task in which the item ran", () => {
    const earlier = [{ taskId: "t", outcome: "unknown", end: "task-stopped", reason: "spot" }] as const;
    expect(decisiveResult(several([{ ...DONE, earlier }], "3"))).toMatchObject({ exitCode: 3, earlier });
  });

  it("does not end before one with an exit code of which the end is not known", () => {
    expect(hasFailed({ ...anItem("3", 0), outcome: "unknown" })).toBe(false);
  });

  it("warns of a task whose part other tasks have done, and of nothing else", () => {
    const warned = (...args: Parameters<typeof several>) =>
      replacedTaskWarnings(replacedTasks(several(...args)));
    expect(warned([LOST, DONE, KILLED], "0")).toEqual([
      {
        text: "Task 0 failed: It failed. This was seen. All items have succeeded.",
        page: "errors.md#task-stopped",
      },
      {
        text: "Task 2 failed: It ended with worker 1: exit code 137. All items have succeeded.",
        page: "errors.md#a-script-that-failed",
      },
    ]);
    expect(warned([LATE], "0")).toEqual([
      {
        text: "Task 0 failed: It ended with exit code 124. All items have succeeded.",
        page: "errors.md#a-script-that-failed",
      },
    ]);
    expect(warned([LOST, DONE], "3")).toEqual([]);
    expect(warned([LOST, LOST], "0")).toEqual([]);
    expect(replacedTasks({ kind: "several", tasks: [LOST, DONE] })).toEqual([]);
    const many = warned([DONE, ...Array.from({ length: 9 }, () => LOST)], "0");
    expect(many.map(({ text }) => text).slice(3)).toEqual(["6 more tasks failed. All items have succeeded."]);
  });

  it("keeps a task on failure when an item failed in it, although its workers ended with 0", () => {
    const tasks = [DONE, DONE, LOST];
    expect(judgedTasks(several(tasks, "0", "3")).map(({ succeeded }) => succeeded)).toEqual([
      false,
      true,
      false,
    ]);
    expect(judgedTasks(DONE)).toEqual([{ result: DONE, succeeded: true }]);
  });

  it("that is green keeps no task on failure, although one failed whose items ended in others", () => {
    const result = several([KILLED, LATE, DONE], "0", "0");
    expect(judgedTasks(result).map(({ succeeded }) => succeeded)).toEqual([true, true, true]);
  });

  it("fails when its deployment takes no verdict, also when a task was lost that others have replaced", () => {
    const result = withoutVerdict(several([LOST, DONE], "0"), aFailure("hook-expired"));
    expect(decisiveResult(result)).toMatchObject({ outcome: "failed", failure: { code: "hook-expired" } });
    expect(result).toMatchObject({ tasks: [LOST, { outcome: "failed" }] });
  });

  it.each([
    [["0", "-"], DONE],
    [["0", "143c"], aResult("cancelled", "143!")],
  ])("tells of a lost lock by which items were left: %j", (ends, task) => {
    const result = withLostLockIn(several([task], ...ends), aFailure("lock-lost"));
    expect(decisiveResult(result)).toMatchObject({
      ...{ outcome: "cancelled", exitCode: 130, failure: { code: "lock-lost" } },
    });
    expect(explain(result, aStep)?.title).toBe("fargate-exec: lock-lost");
  });

  it.each([
    [["0", "-"], "failed"],
    [["0", "143c"], "status"],
  ])("is cancelled by a cancel, whether an item was in hand or not: %j", (ends, kind) => {
    const items = { ...someItems(...ends), stoppedBy: aFailure("cancelled") };
    expect(decisiveResult({ kind: "several", tasks: [DONE], items })).toMatchObject({
      ...{ kind, outcome: "cancelled", exitCode: 130 },
    });
  });

  it.each([
    ["has none before its script was heard of", CANCELLED_EARLY, undefined],
    ["is 130 afterwards", aFailedResult(aFailure("cancelled")), 130],
  ])("a lost lock has the exit code of a cancel, which %s", (_, cancelled, exitCode) => {
    const earlier = [{ taskId: "t", outcome: "unknown", end: "task-stopped", reason: "spot" }] as const;
    expect(withLostLockIn({ ...cancelled, earlier }, aFailure("lock-lost"))).toMatchObject({
      ...{ outcome: "cancelled", exitCode, failure: { code: "lock-lost" }, earlier },
    });
  });

  it("stays a success when its lock was lost after the last item", () => {
    expect(decisiveResult(withLostLockIn(several([DONE], "0"), aFailure("lock-lost"))).outcome).toBe(
      "succeeded",
    );
  });
});
