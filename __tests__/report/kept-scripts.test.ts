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

it("a warning names the outputs that go with a task that is left out later, and those that other tasks had set", () => {
  const { keep, warnings } = keeping();
  const half = "x".repeat(MOST_OF_ALL_SCRIPTS / 2);
  const tasks = [
    keep(1, [["Image", "of task 1"]]),
    keep(2, [
      ["image", "of task 2"],
      ["large", `${half}x`],
      ["sha", "of task 2"],
    ]),
    keep(0, [["SHA", "of task 0"]]),
    keep(3, [["more", half]]),
  ];
  expect(tasks.map(({ outputs }) => outputs.map(([name]) => name))).toEqual([[], [], [], ["more"]]);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^GITHUB_OUTPUT of task 2 .* Its outputs: image, large, sha\. Other tasks had set these, too, which are lost: image, sha\.$/,
    ),
  ]);
});

it("a warning names 20 lost outputs, and the number of further ones", () => {
  const { keep, warnings } = keeping();
  const value = "x".repeat(MOST_OF_ALL_SCRIPTS / 30);
  keep(
    0,
    Array.from({ length: 31 }, (_, i) => [`n${i}`, value]),
  );
  expect(warnings).toEqual([expect.stringMatching(/ Its outputs: n0, .*, n19 and 11 more\.$/)]);
});

it("a warning names the outputs of other tasks that the last attempt of a task does not set", () => {
  const { keep, warnings } = keeping();
  keep(0, [
    ["image", "of task 0"],
    ["sha", "of task 0"],
  ]);
  keep(1, [
    ["image", "of task 1"],
    ["sha", "of task 1"],
    ["own", "of task 1"],
  ]);
  keep(1, [["sha", "of task 1"]]);
  expect(warnings).toEqual([
    "Outputs are lost that other tasks and an earlier attempt of task 1 had set: image.",
  ]);
});
