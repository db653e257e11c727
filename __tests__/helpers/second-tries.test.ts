import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jest } from "@jest/globals";
import type { TestResult } from "@jest/reporters";
import SecondTries from "./second-tries.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs jest, with this project's reporter and retries, over one file of tests. */
function runJest(
  file: string,
  tests: string,
  env: NodeJS.ProcessEnv = {},
): { readonly status: number | null; readonly said: string } {
  const directory = mkdtempSync(join(tmpdir(), "fargate-exec-reporter-"));
  try {
    writeFileSync(join(directory, file), tests);
    const config = {
      rootDir: directory,
      testMatch: ["<rootDir>/*.test.mjs", "<rootDir>/*.test.ts"],
      extensionsToTreatAsEsm: [".ts"],
      transform: { "\\.ts$": join(root, "node_modules/@swc/jest/index.js") },
      setupFilesAfterEnv: [join(root, "__tests__/helpers/once-more.ts")],
      reporters: ["default", join(root, "__tests__/helpers/second-tries.ts")],
      resolver: undefined,
    };
    const done = spawnSync(
      process.execPath,
      [
        "--experimental-vm-modules",
        join(root, "node_modules/jest/bin/jest.js"),
        "--runInBand",
        "--config",
        JSON.stringify(config),
      ],
      { encoding: "utf8", cwd: directory, env: { PATH: process.env["PATH"], ...env } },
    );
    return { status: done.status, said: done.stdout + done.stderr };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const flaky = (count: number): string =>
  `const tries = {};
for (let n = 0; n < ${count}; n += 1)
  it("test " + n, () => { tries[n] = (tries[n] ?? 0) + 1; expect(tries[n]).toBe(2); });`;

it("tests that need a second try get it before the file's later tests, and two are listed and do not fail the run", () => {
  const { status, said } = runJest(
    "some.local.test.ts",
    `${flaky(1)}
it.concurrent("beside", async () => { tries.beside = (tries.beside ?? 0) + 1; expect(tries.beside).toBe(2); });
it("the last", () => expect(tries).toEqual({ 0: 2, beside: 2 }));`,
  );
  expect(said).toContain("Second tries: 2 (at most 4).");
  expect(said).toMatch(/ {2}- .*some\.local\.test\.ts: test 0 \(passed\)/);
  expect(status).toBe(0);
});

it("five second tries fail a run whose tests all passed", () => {
  const { status, said } = runJest("some.local.test.ts", flaky(5));
  expect(said).toContain("5 tests needed a second try, and at most 4 may.");
  expect(status).toBe(1);
});

const plain = `it.skip("is skipped", () => {});`;
const zsh = `const { withNeed } = await import(${JSON.stringify(join(root, "__tests__/helpers/needs.ts"))});
withNeed(it, "zsh", "zsh is not here.").each([1])("needs more", () => {});`;

it("a test without a real machine gets no second try, and in CI a skipped test fails the run unless TESTS_WITHOUT names its need", () => {
  const env = { CI: "true", TESTS_WITHOUT: "zsh" };
  const { status, said } = runJest("some.test.mjs", [flaky(1), plain, zsh].join("\n"), env);
  expect(said).toContain("Second tries: 0");
  expect(said).toContain("Skipped: 2.");
  expect(said).toContain("1 tests were skipped, which CI does not allow.");
  expect(status).toBe(1);
});

/** What a run with these skipped tests says: the error that fails it, if any. */
function skipping(title: string, env: NodeJS.ProcessEnv): string | undefined {
  const before = process.env;
  const argv = process.argv;
  process.env = { ...before, CI: undefined, TESTS_WITHOUT: undefined, ...env };
  process.argv = argv.filter((word) => !/^(-t|--testNamePattern)/.test(word));
  const said = jest.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    const reporter = new SecondTries();
    reporter.onTestResult(undefined, {
      testFilePath: "/x/__tests__/some.test.ts",
      testResults: [{ fullName: title, status: "pending" }],
    } as TestResult);
    reporter.onRunComplete();
    expect(said.mock.calls.flat().join("\n")).toContain("Skipped: 1.\n  - some.test.ts: ");
    return reporter.getLastError()?.message;
  } finally {
    said.mockRestore();
    process.env = before;
    process.argv = argv;
  }
}

it.each([
  ["is no failure elsewhere", "is skipped", {}, true],
  [
    "without a need is not excused by that of others",
    "is skipped",
    { CI: "1", TESTS_WITHOUT: "podman" },
    false,
  ],
  ["for a missing need is no failure elsewhere", "is skipped (needs zsh)", {}, true],
  ["for a missing need is excused by it", "is skipped (needs zsh)", { CI: "1", TESTS_WITHOUT: "zsh" }, true],
  [
    "for a missing need is not excused by another need",
    "is skipped (needs zsh)",
    { CI: "1", TESTS_WITHOUT: "podman" },
    false,
  ],
])("a skipped test %s", (_, title, env, isFine) => {
  const error = skipping(title, env);
  if (isFine) expect(error).toBeUndefined();
  else expect(error).toContain("1 tests were skipped, which CI does not allow.");
});
