import { NO_RESULTS, type Output } from "../../src/report/file-commands.ts";
import { KeptScripts, MOST_OF_ALL_SCRIPTS } from "../../src/report/kept-scripts.ts";

function keeping() {
  const scripts = new KeptScripts();
  const warnings: string[] = [];
  const keep = (task: number, outputs: readonly Output[], summary = "") =>
    scripts.keep(
      task,
      { ...NO_RESULTS, outputs, summaries: [{ worker: 0, text: summary }] },
      (problem) => void warnings.push(problem),
    );
  return { keep, warnings };
}

it("the outputs and the summary of a single task may have all that GitHub takes", () => {
  const { keep, warnings } = keeping();
  const value = "v".repeat(MOST_OF_ALL_SCRIPTS - 3);
  const summary = "s".repeat(MOST_OF_ALL_SCRIPTS);
  const kept = keep(0, [["a", value]], summary);
  expect(kept.outputs).toEqual([["a", value]]);
  expect(kept.summaries).toEqual([{ worker: 0, text: summary }]);
  expect(warnings).toEqual([]);
});

it("of too much in all tasks, that of the task with most is left out, and a warning names it", () => {
  const { keep, warnings } = keeping();
  const small = keep(3, [["small", "1"]], "small");
  const large = keep(
    7,
    [["large", "x".repeat(MOST_OF_ALL_SCRIPTS - 10)]],
    "y".repeat(MOST_OF_ALL_SCRIPTS - 5),
  );
  const other = keep(9, [["other", "1"]], "other");
  expect([small, large, other].map(({ outputs }) => outputs.length)).toEqual([1, 0, 1]);
  expect([small, large, other].map(({ summaries }) => summaries.length)).toEqual([1, 0, 1]);
  expect(warnings).toEqual([
    expect.stringMatching(/^GITHUB_OUTPUT of task 7 was left out\. .* 1 MiB together/),
    expect.stringMatching(/^GITHUB_STEP_SUMMARY of task 7 was left out\. .* 1 MiB together/),
  ]);
});

it("an output that all tasks set is kept once: the last task's, in whatever order they end", () => {
  const { keep, warnings } = keeping();
  const value = (task: number): string => String(task).repeat(MOST_OF_ALL_SCRIPTS / 2);
  const kept = [1, 3, 2, 0].map((task) => ({ task, ...{ results: keep(task, [["Report", value(task)]]) } }));
  expect(kept.filter(({ results }) => results.outputs.length > 0).map(({ task }) => task)).toEqual([3]);
  expect(warnings).toEqual([]);
});

it("a later attempt of a task takes the place of an earlier one", () => {
  const { keep, warnings } = keeping();
  const first = keep(0, [["a", "x".repeat(MOST_OF_ALL_SCRIPTS / 2)]]);
  const second = keep(0, [["b", "x".repeat(MOST_OF_ALL_SCRIPTS / 2 + 1)]]);
  expect([first.outputs.length, second.outputs.length, warnings]).toEqual([0, 1, []]);
});

it("what is left out takes no other task's place: outputs that both tasks set stay the other one's", () => {
  const { keep, warnings } = keeping();
  const set: readonly Output[] = [
    ["image", "good"],
    ["sha", "abc"],
  ];
  const first = keep(0, set);
  const second = keep(1, [
    ["image", "x"],
    ["Sha", "y"],
    ["big", "z".repeat(MOST_OF_ALL_SCRIPTS)],
  ]);
  expect(Object.fromEntries(first.outputs)).toEqual({ image: "good", sha: "abc" });
  expect(second.outputs).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^GITHUB_OUTPUT of task 1 was left out/)]);
  const third = keep(2, [["image", "late"]]);
  expect([first, third].map(({ outputs }) => outputs)).toEqual([[["sha", "abc"]], [["image", "late"]]]);
});
