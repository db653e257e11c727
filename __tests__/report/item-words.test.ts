import { Failure } from "../../src/errors.ts";
import { explain, makeAnnotation } from "../../src/report/explain.ts";
import { itemCounts, itemEndLine, itemProgress } from "../../src/report/item-words.ts";
import type { SeveralResults, TaskResult } from "../../src/report/result.ts";
import { aFailedResult, aResult, aStep, someFacts } from "./example-results.ts";
import { anItem, someItems } from "./example-items.ts";
import { HOSTILE } from "./rendered.ts";

const lost = aFailedResult(
  new Failure("task-stopped", { failed: "It stopped.", seen: "Seen.", advice: "Do." }),
);
const several = (ends: readonly string[], ...tasks: TaskResult[]): SeveralResults => ({
  kind: "several",
  tasks: tasks.length === 0 ? [aResult("exited", "0", "0")] : tasks,
  items: someItems(...ends),
});

it.each([
  [
    { done: 212, failed: 3, inHand: 16, left: 272, unknown: 0, secondsLeft: 121 },
    "212 of 500 items done, 3 of them failed, 16 in hand, about 2 min left",
  ],
  [
    { done: 5, failed: 0, inHand: 2, left: 1, unknown: 2 },
    "5 of 10 items done, 2 with an unknown end, 2 in hand",
  ],
  [
    { done: 0, failed: 0, inHand: 1, left: 0, unknown: 0, secondsLeft: undefined },
    "0 of 1 item done, 1 in hand",
  ],
  [
    { done: 1, failed: 0, inHand: 0, left: 1, unknown: 0, secondsLeft: 0 },
    "1 of 2 items done, about 5 s left",
  ],
  [
    { done: 1, failed: 0, inHand: 0, left: 1, unknown: 0, secondsLeft: 99 },
    "1 of 2 items done, about 100 s left",
  ],
  [
    { done: 1, failed: 0, inHand: 0, left: 1, unknown: 0, secondsLeft: 9_000 },
    "1 of 2 items done, about 2.5 h left",
  ],
  [{ done: 2, failed: 0, inHand: 0, left: 0, unknown: 0, secondsLeft: 0 }, "2 of 2 items done"],
])("the progress of the items reads well: %j", (progress, words) => {
  expect(itemProgress(progress)).toBe(words);
});

it.each([
  ["2", "Item 'tests/4.py' failed with exit code 2 after 1.0 s in task 0, worker 0."],
  ["143t", "Item 'tests/4.py' was stopped by the timeout of the job after 1.0 s in task 0, worker 0."],
  ["143c", "Item 'tests/4.py' was stopped by the cancel of the job after 1.0 s in task 0, worker 0."],
  ["?", "Item 'tests/4.py' has an unknown end in task 0, worker 0."],
  ["-", "Item 'tests/4.py' did not begin."],
  ["0", "Item 'tests/4.py' succeeded after 1.0 s in task 0, worker 0."],
])("the line for an item says how it ended, and where: %s", (end, words) => {
  expect(itemEndLine(anItem(end, 4))).toBe(words);
});

it.each([
  [["0"], "1 of 1 item ended"],
  [
    ["0", "1", "2t", "?", "-", "-"],
    "3 of 6 items ended, 1 of them failed, 1 when the job was stopped; 1 has an unknown end; 2 did not begin",
  ],
])("the counts of items with the ends %j are one line", (ends, words) => {
  expect(itemCounts(someItems(...ends))).toBe(words);
});

it("the counts of items say how many of them were not run, because they had succeeded before", () => {
  const items = [anItem("0", 0, { carriedFrom: 1 }), anItem("1", 1), anItem("0", 2, { carriedFrom: 2 })];
  expect(itemCounts({ items })).toBe("3 of 3 items ended, 1 of them failed, 2 of them before this run");
});

describe("the annotation of a step with items", () => {
  it.each<[string, SeveralResults, string, string]>([
    [
      "one failed",
      several(["0", "2"]),
      "failed",
      "1 of 2 items failed: 'tests/1.py' ended with exit code 2.",
    ],
    [
      "several failed",
      several(["0", "137", "1"]),
      "failed",
      "2 of 3 items failed; the first one, 'tests/1.py', ended with exit code 137: killed by SIGKILL, often because memory ran out; see 'memory' of the task.",
    ],
    [
      "one failed, and others have no end",
      several(["2", "?", "-", "-"], aResult("exited", "0", "0"), lost),
      "failed",
      "1 of 4 items failed: 'tests/0.py' ended with exit code 2. 1 item has an unknown end ('tests/1.py'): it may have begun in a task whose job was lost. 2 items did not begin ('tests/2.py', 'tests/3.py'). 1 of 2 tasks failed (task 1: task-stopped).",
    ],
    [
      "the timeout came",
      several(["0", "143t", "143t", "-", "1"]),
      "timed-out",
      "2 of 5 items were in hand when the job was stopped for its timeout (input 'timeout', 5s); the first one: 'tests/1.py'. 1 item failed. 1 item did not begin ('tests/3.py').",
    ],
    [
      "the timeout came between two items",
      several(["75", "0", "-"], aResult("timed-out", "143!")),
      "failed",
      "1 of 3 items failed: 'tests/0.py' ended with exit code 75. 1 item did not begin ('tests/2.py'). The job was stopped for its timeout (input 'timeout', 5s). The task failed (exit code 124).",
    ],
    [
      "a cancel came",
      several(["2", "143c"]),
      "failed",
      "1 of 2 items failed: 'tests/0.py' ended with exit code 2. 1 item was in hand when the job was stopped.",
    ],
    [
      "a task was lost",
      several(["0", "?", "?", "?", "?"], lost),
      "task-stopped",
      "4 items have an unknown end ('tests/1.py', 'tests/2.py', 'tests/3.py' and 1 more): they may have begun in a task whose job was lost. It stopped.\nSeen.\nDo.",
    ],
    [
      "one failed, and its task was lost",
      several(["2"], lost),
      "failed",
      "1 of 1 item failed: 'tests/0.py' ended with exit code 2. The task failed (task-stopped).",
    ],
    [
      "an end is missing, and no task failed",
      several(["0", "?", "-"]),
      "no-status",
      "2 of 3 items did not end.\n1 item has an unknown end ('tests/1.py'): it may have begun in a task whose job was lost. 1 item did not begin ('tests/2.py').\nRun the job again. With 'retry', such as 'infrastructure', the items of a task that was lost run again in another task.",
    ],
  ])("says what failed: %s", (_, result, title, message) => {
    expect(explain(result, aStep)).toMatchObject({ title: `fargate-exec: ${title}`, message });
  });

  it("says nothing of a success, also when a task was lost", () => {
    expect(explain(several(["0"], lost, aResult("exited", "0")), aStep)).toBeUndefined();
  });

  it("has the last line of the item that decides, and its line of the script file", () => {
    const script = "/tmp/fargate-exec-0123456789abcdef0123/script";
    const lastLines = [`${script}: 3: foo: not found`, ""];
    const items = { ...someItems(), items: [anItem("127", 0, { lastLines }), anItem("1", 1)] };
    const result = { kind: "several", tasks: [aResult("exited", "0")], items } as const;
    expect(explain(result, aStep)).toMatchObject({
      lastWords: `Last line of item 'tests/0.py': ${script}: 3: foo: not found`,
      place: { file: "ops/job.sh", startLine: 3 },
    });
  });

  it("says what of the script is bash's", () => {
    const allStderr = "/tmp/fargate-exec-0123456789abcdef0123/script: 2: [[: not found";
    const task = { ...aResult("exited", "0b"), task: someFacts({ allStderr }) };
    const result = several(["2"], task);
    expect(explain(result, aStep)?.message).toContain("\nLine 2 of the script uses '[['");
  });

  it("stays one harmless line of bounded length, whatever an item is", () => {
    for (const item of [...HOSTILE, "x".repeat(90_000), `'\n::error::x\u001b[31m##[error]y`]) {
      const items = { ...someItems(), items: ["3", "?", "-"].map((end, i) => anItem(end, i, { item })) };
      const why = explain({ kind: "several", tasks: [aResult("exited", "0")], items }, aStep);
      const text = why === undefined ? "" : makeAnnotation(why);
      expect(text.split("\n")).toHaveLength(2);
      expect(text.length).toBeLessThan(1_100);
      expect(text).not.toMatch(/^\s*::|##\[|(?!\n)\p{Cc}/u);
      expect(itemEndLine(anItem("3", 0, { item }))).not.toMatch(/^\s*::|##\[|\p{Cc}/u);
    }
  });
});

it("does not name its own timeout for items that another step has begun", () => {
  const selection = { where: { kind: "handle" } } as unknown as NonNullable<
    Parameters<typeof explain>[1]["selection"]
  >;
  expect(explain(several(["0", "143t"]), { ...aStep, selection })?.message).toContain(
    "was stopped for its timeout (input 'timeout' of the step that has started it): 'tests/1.py'.",
  );
});
