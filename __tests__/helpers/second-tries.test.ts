import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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

it("a test that needs a second try is listed and counted, and six of them do not fail the run", () => {
  const { status, said } = runJest("some.local.test.ts", flaky(6));
  expect(said).toContain("Second tries: 6 (at most 6).");
  expect(said).toMatch(/ {2}- .*some\.local\.test\.ts: test 0 \(passed\)/);
  expect(status).toBe(0);
});

it("seven second tries fail a run whose tests all passed", () => {
  const { status, said } = runJest("some.local.test.ts", flaky(7));
  expect(said).toContain("7 tests needed a second try, and at most 6 may.");
  expect(status).toBe(1);
});

it("a test without a real machine gets no second try", () => {
  const { status, said } = runJest("some.test.ts", flaky(1));
  expect(said).toContain("Second tries: 0");
  expect(status).toBe(1);
});

const plain = `it.skip("is skipped", () => {});`;
const zsh = `const { withNeed } = await import(${JSON.stringify(join(root, "__tests__/helpers/needs.ts"))});
withNeed(it, "zsh", "zsh is not here.").each([1])("is skipped", () => {});`;

it.each([
  ["fails a run in CI", plain, { CI: "true" }, 1],
  ["is no failure elsewhere", plain, {}, 0],
  ["without a need is not excused by the need of others", plain, { CI: "true", TESTS_WITHOUT: "podman" }, 1],
  ["for a missing need is no failure elsewhere", zsh, {}, 0],
  ["for a missing need is excused when TESTS_WITHOUT names it", zsh, { CI: "true", TESTS_WITHOUT: "zsh" }, 0],
  ["for a missing need is not excused by another need", zsh, { CI: "true", TESTS_WITHOUT: "podman" }, 1],
])("a skipped test %s", (_name, skipped, env, expected) => {
  const { status, said } = runJest("some.test.mjs", `it("runs", () => {}); ${skipped}`, env);
  expect(said).toMatch(expected === 0 ? /Skipped: 1\./ : /which CI does not allow|CI must not skip/);
  expect(status).toBe(expected);
});
