import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LONGEST } from "../../__tests__/helpers/slowest-first.ts";

/** Tests that import the changed module over more files than this hardly notice it. */
const FAR = 3;
const PATIENCE_MS = 420_000;

/** The files in these folders that git knows. */
export function filesIn(...folders: readonly string[]): readonly string[] {
  return execFileSync("git", ["ls-files", ...folders])
    .toString()
    .trim()
    .split("\n");
}

/** The tests that could notice a change of this file, but none of whole steps: those first that most probably do. */
export function testsNear(path: string): readonly (readonly string[])[] {
  const sources = filesIn("src", "local", "simulation", "__tests__").filter((name) => name.endsWith(".ts"));
  const tests = sources.filter(
    (name) => /(?<!fuzz)\.test\.ts$/.test(name) && !/^__tests__\/(e2e|simulation)\//.test(name),
  );
  const isOwn = (test: string): boolean =>
    test.startsWith(`__tests__/${path.replace(/^src\/|\.\w+$/g, "")}.`);
  const isLong = (test: string): boolean => LONGEST.some((name) => test.endsWith(`/${name}.test.ts`));
  if (!path.endsWith(".ts")) {
    const [stem = ""] = basename(path).split(".");
    const here = testsOf(path.startsWith("src/") ? "payload" : dirname(path), tests);
    const named = here.filter((test) => readFileSync(test, "utf8").includes(stem));
    return [named, here.filter((test) => !named.includes(test) && !isLong(test))].filter(
      ({ length }) => length > 0,
    );
  }
  const steps = distancesFrom(path, sources);
  const near = tests.filter((test) => isOwn(test) || ((steps.get(test) ?? Infinity) <= FAR && !isLong(test)));
  return [near.filter(isOwn), near.filter((test) => !isOwn(test))].filter(({ length }) => length > 0);
}

/** The tests of this folder, or else of the closest one above it that has some. */
function testsOf(folder: string, tests: readonly string[]): readonly string[] {
  const here = tests.filter((test) => test.startsWith(`__tests__/${folder}/`));
  return here.length > 0 || folder === "." ? here : testsOf(dirname(folder), tests);
}

/** Over how many imports each file comes to this one. */
function distancesFrom(path: string, sources: readonly string[]): ReadonlyMap<string, number> {
  const importers = new Map<string, string[]>();
  for (const name of sources)
    for (const [, target = ""] of readFileSync(name, "utf8").matchAll(
      /^(?:import|export) (?!type\b)[^;]*?from "(\..*?)";/gm,
    )) {
      const file = join(dirname(name), target);
      importers.set(file, [...(importers.get(file) ?? []), name]);
    }
  const found = new Map([[path, 0]]);
  for (const [name, steps] of found)
    for (const importer of importers.get(name) ?? [])
      if (!found.has(importer)) found.set(importer, steps + 1);
  return found;
}

/** The first of these files with a test that fails, and that fails once more: a test may fail by chance. */
export function failing(tests: readonly string[]): string | undefined {
  // Of files that were ended together, the first ones may pass alone.
  return failed(tests).find((test) => failed([test]).length > 0);
}

/**
 * The test files that fail, up to the first one, in a single process. A change may keep that busy for ever, or end it by an error that no test
 * catches: then they all have failed.
 */
function failed(tests: readonly string[]): readonly string[] {
  const jest = [
    ...["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
    ...["node_modules/jest/bin/jest.js", "--bail", "--runInBand", "--testTimeout=60000"],
    ...["--no-color", "--runTestsByPath", ...tests],
  ];
  // What tests leave behind when `--bail` ends them, such as a shell that a change made loop for ever, ends with its namespace.
  const alone = ["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"];
  const { status, signal, stderr } = spawnSync("unshare", [...alone, process.execPath, ...jest], {
    ...{ stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", maxBuffer: Infinity },
    ...{ timeout: PATIENCE_MS, killSignal: "SIGKILL" },
  });
  if (status === 0) return [];
  if (signal !== null && signal !== "SIGKILL") throw new Error(`The tests were ended by ${signal}.`);
  const files = [...stderr.matchAll(/^FAIL (\S+)/gm)].map(([, path = ""]) => path);
  return files.length === 0 ? tests : files;
}
