/**
 * Draws mechanical mutants by a seed, and counts how many the tests notice. A line is drawn among all of `src/` and `local/` in which something can
 * be changed, then a change (mutants/changes.ts). What types or lint refuse is only counted. Any other change is made in a work tree of its own, where
 * the tests near it run, and for TypeScript of `src/` those of the simulation behind them. Tests of whole steps do not count. Fails when less than nine
 * in ten are noticed. `MUTANT_DRAW` is the seed, `MUTANT_COUNT` the number. docs/simulation.md has what was drawn.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";
import { LONGEST } from "../__tests__/helpers/slowest-first.ts";
import { pick, randomOf } from "../simulation/random.ts";
import { changesOf } from "./mutants/changes.ts";

const SEED = Number(process.env["MUTANT_DRAW"] ?? Math.floor(Date.now() / 1_000));
const COUNT = Number(process.env["MUTANT_COUNT"] ?? 60);
const LEAST_SHARE = 0.9;
/** Tests that import the changed module over more files than this hardly notice it. */
const FAR = 3;
const SIMULATION = "__tests__/simulation/simulation.test.ts";
const PATIENCE_MS = 900_000;

const tree = mkdtempSync(join(tmpdir(), "mutants-"));
execFileSync("git", ["worktree", "add", "--quiet", "--detach", tree]);
try {
  for (const name of ["node_modules", ".venv"]) symlinkSync(resolve(name), join(tree, name));
  process.chdir(tree);
  await run();
} finally {
  process.chdir("/");
  execFileSync("git", ["-C", import.meta.dirname, "worktree", "remove", "--force", tree]);
  rmSync(tree, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const counts = { refused: 0, noticed: 0, unnoticed: 0 };
  const files = filesIn("src", "local").filter(
    (path) => /\.(ts|sh|py|awk)$/.test(path) && !path.includes("/shop/"),
  );
  const places = files.flatMap((path) =>
    [...changesOf(path, readFileSync(path, "utf8"))].map(([line, changes]) => ({ path, line, changes })),
  );
  const random = randomOf(SEED);
  console.log(`Draw ${SEED}: ${COUNT} of ${places.length} lines.`);
  for (let drawn = 0; drawn < COUNT; drawn += 1) {
    const { path, line, changes } = pick(random, places);
    const { at, length, text: by } = pick(random, changes);
    const text = readFileSync(path, "utf8");
    const changed = text.slice(0, at) + by + text.slice(at + length);
    const verdict = (await isRefused(path, changed))
      ? "refused"
      : isNoticed(path, text, changed)
        ? "noticed"
        : "unnoticed";
    counts[verdict] += 1;
    const what = [text.slice(at, at + length), by].map((each) => JSON.stringify(each.slice(0, 80)));
    console.log(`${verdict} ${path}:${line} ${what.join(" -> ")}`);
  }
  const share = counts.noticed / (counts.noticed + counts.unnoticed);
  console.log(`${JSON.stringify(counts)}: ${Math.round(100 * share)} % are noticed.`);
  if (share < LEAST_SHARE) process.exitCode = 1;
}

function filesIn(...folders: readonly string[]): readonly string[] {
  return execFileSync("git", ["ls-files", ...folders])
    .toString()
    .trim()
    .split("\n");
}

/** Whether no tool of the repository would let this pass. */
async function isRefused(path: string, text: string): Promise<boolean> {
  if (path.endsWith(".sh")) return spawnSync("sh", ["-n"], { input: text }).status !== 0;
  if (path.endsWith(".py"))
    return (
      spawnSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: text }).status !==
      0
    );
  if (!path.endsWith(".ts")) return false;
  const program = programWith(path, text);
  const file = program.getSourceFile(resolve(path));
  if (file === undefined) throw new Error(`${path} belongs to no program.`);
  if ([...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].length > 0)
    return true;
  const languageOptions = { parserOptions: { projectService: false, programs: [program] } };
  const eslint = new ESLint({ overrideConfig: [{ files: ["**/*.ts"], languageOptions }] });
  const [result] = await eslint.lintText(text, { filePath: path });
  return (result?.errorCount ?? 0) > 0;
}

function programWith(path: string, text: string): ts.Program {
  const read = (name: string): string | undefined =>
    resolve(name) === resolve(path) ? text : ts.sys.readFile(name);
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile("tsconfig.json", {}, host);
  if (parsed === undefined) throw new Error("tsconfig.json can't be read.");
  const files = ts.createCompilerHost(parsed.options, true);
  return ts.createProgram([resolve(path)], parsed.options, { ...files, readFile: read });
}

function isNoticed(path: string, text: string, changed: string): boolean {
  writeFileSync(path, changed);
  try {
    // A test may fail by chance.
    return testsNear(path).some((tests) => fails(tests) && fails(tests));
  } finally {
    writeFileSync(path, text);
  }
}

/** In one process, which a change may keep busy for ever. */
function fails(tests: readonly string[]): boolean {
  const jest = [
    "--experimental-vm-modules",
    "--disable-warning=ExperimentalWarning",
    "node_modules/jest/bin/jest.js",
  ];
  const options = ["--bail", "--runInBand", "--testTimeout=60000", "--runTestsByPath", ...tests];
  const { status } = spawnSync(process.execPath, [...jest, ...options], {
    ...{ stdio: "ignore", timeout: PATIENCE_MS, killSignal: "SIGKILL" },
  });
  return status !== 0;
}

/** The tests that could notice a change of this file, those first that most probably do. */
function testsNear(path: string): readonly (readonly string[])[] {
  const sources = filesIn("src", "local", "simulation", "__tests__").filter((name) => name.endsWith(".ts"));
  const tests = sources.filter(
    (name) => /(?<!fuzz)\.test\.ts$/.test(name) && !/^__tests__\/(e2e|simulation)\//.test(name),
  );
  const isOwn = (test: string): boolean =>
    test.startsWith(`__tests__/${path.replace(/^src\/|\.\w+$/g, "")}.`);
  const isLong = (test: string): boolean => LONGEST.some((name) => test.endsWith(`/${name}.test.ts`));
  if (!path.endsWith(".ts")) {
    const folder = path.startsWith("src/") ? "__tests__/payload/" : `__tests__/${dirname(path)}/`;
    const [stem = ""] = basename(path).split(".");
    const here = tests.filter((test) => test.startsWith(folder));
    const named = here.filter((test) => readFileSync(test, "utf8").includes(stem));
    return [named, here.filter((test) => !named.includes(test) && !isLong(test))].filter(
      ({ length }) => length > 0,
    );
  }
  const steps = distancesFrom(path, sources);
  const near = tests.filter((test) => isOwn(test) || ((steps.get(test) ?? Infinity) <= FAR && !isLong(test)));
  const [own, others] = [near.filter(isOwn), near.filter((test) => !isOwn(test))];
  return [own, others, path.startsWith("src/") ? [SIMULATION] : []].filter(({ length }) => length > 0);
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
