import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOfItems } from "../helpers/code-of-items.ts";

const ROOT = join(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "item-reporters-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs a program that reports, with these files in its directory. Returns its exit code, and the lines without their seconds. */
function run(
  name: string,
  files: Readonly<Record<string, string>>,
  [file = "", ...args]: readonly string[],
  items: readonly string[] = [],
): { readonly code: number | null; readonly lines: readonly string[] } {
  const cwd = join(directory, name);
  mkdirSync(join(cwd, "tests"), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(cwd, path), text);
  const results = join(cwd, "results");
  writeFileSync(results, "");
  const list = join(cwd, "list");
  writeFileSync(list, items.map((item) => `${item}\n`).join(""));
  const env = {
    ...process.env,
    FARGATE_EXEC_ITEM_RESULTS: results,
    FARGATE_EXEC_ITEMS_FILE: list,
    NODE_OPTIONS: "",
  };
  const { status } = spawnSync(file, args, { cwd, env });
  const lines = readFileSync(results, "utf8").trimEnd().split("\n");
  for (const line of lines) expect(line).toMatch(/^[01] \d+(\.\d+)? \S/);
  return { code: status, lines: lines.map((line) => line.replace(/ \S+ /, " ")).toSorted() };
}

it("the reporter for Jest tells the end of each file, and of one that Jest did not run that it failed", () => {
  const files = {
    "package.json": "{}",
    "items.cjs": codeOfItems("onTestResult"),
    "tests/green.test.js": 'test("a", () => {});',
    "tests/red.test.js": 'test("a", () => { throw new Error("no"); }); test("b", () => {});',
    "tests/broken.test.js": "no program",
  };
  const jest = [process.execPath, join(ROOT, "node_modules/jest/bin/jest.js")];
  const paths = Object.keys(files).filter((path) => path.startsWith("tests/"));
  const options = ["--reporters=default", "--reporters=./items.cjs", "--runTestsByPath", ...paths];
  expect(run("jest", files, [...jest, ...options], [...paths, "tests/missing.test.js"])).toEqual({
    code: 1,
    lines: [
      ...[
        "0 tests/green.test.js",
        "1 tests/broken.test.js",
        "1 tests/missing.test.js",
        "1 tests/red.test.js",
      ],
    ],
  });
});

it("the hook for pytest tells the end of each test: the last word of one whose teardown fails is that", () => {
  // What pytest calls it with (the attributes of a TestReport). The machine need not have pytest.
  const reports = `
import types
def report(nodeid, when, outcome):
    pytest_runtest_logreport(types.SimpleNamespace(
        nodeid=nodeid, when=when, outcome=outcome, passed=outcome == "passed", failed=outcome == "failed", duration=0.1234567))
for when in ("setup", "call", "teardown"):
    report("t.py::green", when, "passed")
    report("t.py::red", when, "failed" if when == "call" else "passed")
    report("t.py::teardown", when, "failed" if when == "teardown" else "passed")
report("t.py::setup", "setup", "failed")
report("t.py::skipped", "setup", "skipped")
`;
  const python = execFileSync("sh", ["-c", "command -v python3"]).toString().trim();
  const files = { "hook.py": codeOfItems("pytest_runtest_logreport") + reports };
  expect(run("pytest", files, [python, "hook.py"])).toEqual({
    code: 0,
    lines: [
      ...["0 t.py::green", "0 t.py::skipped", "0 t.py::teardown"],
      ...["1 t.py::red", "1 t.py::setup", "1 t.py::teardown"],
    ],
  });
});

it("the reporter for Playwright tells the end of each file, and of one with a test that did not run that it failed", () => {
  // What Playwright calls it with (the attributes of a Suite, a TestCase and a TestResult). The machine need not have Playwright.
  const calls = `
const Reporter = require("./items.cjs");
const { resolve } = require("node:path");
const test = (file, isOk, durations) =>
  ({ location: { file: resolve(file) }, ok: () => isOk, results: durations.map((duration) => ({ duration })) });
const tests = [
  test("tests/green.spec.js", true, [20]), test("tests/green.spec.js", true, [1500, 20]),
  test("tests/red.spec.js", false, [20]), test("tests/red.spec.js", true, [20]),
  test("tests/cut.spec.js", true, [20]), test("tests/cut.spec.js", true, []),
];
const reporter = new Reporter();
reporter.onBegin({}, { allTests: () => tests });
reporter.onEnd();
`;
  const files = { "items.cjs": codeOfItems("onBegin"), "calls.cjs": calls };
  const names = ["green", "red", "cut", "empty"].map((name) => `tests/${name}.spec.js`);
  expect(run("playwright", files, [process.execPath, "calls.cjs"], names).lines).toEqual([
    ...["0 tests/green.spec.js", "1 tests/cut.spec.js", "1 tests/empty.spec.js", "1 tests/red.spec.js"],
  ]);
});
