import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import type { TestResults } from "../../../src/report/junit/test-results.ts";
import type { Log } from "../../../src/log.ts";
import { makeOutputs } from "../../../src/report/outputs.ts";
import type { Result } from "../../../src/report/result.ts";
import { readTestReports } from "../../../src/run/step/test-reports.ts";
import { withTree } from "../../payload/files/trees.ts";
import { anInputs } from "../../helpers/runs.ts";
import { aResult, someFacts } from "../../report/example-results.ts";

const bytes =
  '<testsuite name="s"><testcase name="t"><failure>/app/a.py:3: no</failure></testcase></testsuite>';

/** Reads the reports of a step with these tasks, each of which has the artifacts of the folder that it names. */
async function readFrom(
  folders: readonly (string | undefined)[],
  {
    reports = ["*.xml"],
    cancel = new AbortController().signal,
    tree = {},
    items = undefined as readonly { readonly folder: string; readonly label: string }[] | undefined,
  } = {},
): Promise<{ readonly tests: TestResults | undefined; readonly said: readonly string[] }> {
  const said: string[] = [];
  const say = (text = ""): void => void said.push(text);
  const log: Log = { info: say, debug: say, warning: say, warnOnce: say, notice: say, phase: say, fold: say };
  const context = { inputs: anInputs({ reports }), log, clock: systemClock, cancel };
  const tests = await withTree({ "a.py": { bytes: "\n\n\n" }, ...tree }, async (workspace) => {
    const path = join(workspace, "artifacts");
    const tasks = folders.map((folder) => {
      const none = { count: 0, bytes: 0, directory: "artifacts", path, problems: [] };
      const artifacts = folder === undefined ? undefined : { ...none, taskPath: join(path, folder) };
      return { ...aResult("exited", "0"), task: someFacts({ artifacts }) };
    });
    const [only] = tasks;
    const directories = items?.map(({ folder, label }) => ({ path: join(path, "items", folder), label }));
    if (directories !== undefined) {
      const results = { items: [], workers: [], directories: { path, directories } };
      return await readTestReports({ kind: "several", tasks, items: results }, { ...context, workspace });
    }
    const result: Result = tasks.length === 1 && only ? only : { kind: "several", tasks };
    return await readTestReports(result, { ...context, workspace });
  });
  return { tests, said };
}

it("the reports of the only task are read from 'artifacts-path', which is no part of the checkout", async () => {
  const tree = {
    "artifacts/a.xml": { bytes },
    "artifacts/app/a.py": { bytes: "\n\n\n" },
    "artifacts/task-0/b.xml": { bytes },
  };
  const { tests, said } = await readFrom([""], { tree });
  expect(tests?.failures).toEqual([{ name: "t", message: "/app/a.py:3: no", at: { file: "a.py", line: 3 } }]);
  expect(said).toEqual([
    "Reading the reports of the tests",
    "Tests of 1 report: 0 passed, 1 failed, 0 skipped.",
  ]);
});

it("the reports of several tasks are read from the directory of each, and the suites name the task", async () => {
  const tree = {
    "artifacts/task-0/a.xml": { bytes },
    "artifacts/task-2/a.xml": { bytes },
    "artifacts/a.xml": { bytes },
  };
  const { tests, said } = await readFrom(["task-0", undefined, "task-2", "task-3"], { tree });
  expect(tests?.suites.map(({ name }) => name)).toEqual(["task 0: s", "task 2: s"]);
  expect(said).toContain("'*.xml' of 'reports' matches no file among the artifacts of task 3.");
});

it("a report that an item has written belongs to the item, is counted once, and a glob may match in any directory", async () => {
  const tree = {
    "artifacts/a.xml": { bytes },
    "artifacts/items/0/a.xml": { bytes },
    "artifacts/items/2-attempt-2/sub/b.xml": { bytes },
  };
  const { tests, said } = await readFrom([""], {
    ...{ tree, reports: ["**/*.xml", "*.junit"] },
    items: [
      { folder: "0", label: "item 0 'a'" },
      { folder: "2-attempt-2", label: "item 2 'c'" },
    ],
  });
  expect(tests).toMatchObject({ passed: 0, failed: 3 });
  expect(tests?.suites.map(({ name, failed }) => [name, failed])).toEqual([
    ["s", 1],
    ["item 0 'a': s", 1],
    ["item 2 'c': s", 1],
  ]);
  expect(tests?.failures.map(({ name }) => name)).toEqual(["t", "item 0 'a': t", "item 2 'c': t"]);
  expect(said.slice(1)).toEqual([
    "'*.junit' of 'reports' matches no file among the artifacts.",
    "Tests of 3 reports: 0 passed, 3 failed, 0 skipped.",
  ]);
});

it("only items' own directories are left out of the reports of tasks", async () => {
  const tree = {
    "artifacts/task-0/items/0/a.xml": { bytes },
    "artifacts/items/0/a.xml": { bytes },
    "artifacts/items-2/0/a.xml": { bytes },
  };
  const items = [{ folder: "0", label: "item 0 'a'" }];
  const tests = async (folder: string) =>
    (await readFrom([folder], { tree, reports: ["**/*.xml"], items })).tests;
  expect((await tests("task-0"))?.suites.map(({ name }) => name)).toEqual(["task 0: s", "item 0 'a': s"]);
  // That of a step with one task is `artifacts-path` itself, where an earlier step has left `items-2`.
  expect((await tests(""))?.suites.map(({ name, failed }) => [name, failed])).toEqual([
    ["s", 1],
    ["item 0 'a': s", 1],
  ]);
});

it.each([
  ["no artifacts came", [undefined], {}],
  ["the step is cancelled", [""], { cancel: AbortSignal.abort() }],
])("no report is read when %s", async (_, folders, options) => {
  const tree = { "artifacts/a.xml": { bytes } };
  expect(await readFrom(folders, { tree, ...options })).toEqual({ tests: undefined, said: [] });
});

it("the output 'tests' has the numbers, and is empty without reports", async () => {
  const { tests } = await readFrom([""], { tree: { "artifacts/a.xml": { bytes } } });
  const result = aResult("exited", "0");
  expect(makeOutputs(result, tests)["tests"]).toBe(
    '{"passed":0,"failed":1,"skipped":0,"flaky":0,"seconds":0}',
  );
  expect(makeOutputs(result)["tests"]).toBe("");
});
