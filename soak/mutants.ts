/**
 * Draws mechanical mutants by a seed, and counts how many the tests notice. A line is drawn among all of `src/` and `local/` in which something can
 * be changed, then a change (mutants/changes.ts). What types or lint refuse is only counted. Any other change is made in a work tree of its own, where
 * the tests near it run, and for TypeScript of `src/` those of the simulation behind them. Tests of whole steps do not count. Fails when less than nine
 * in ten are noticed. `MUTANT_DRAW` is the seed, `MUTANT_COUNT` the number. docs/simulation.md has what was drawn.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";
import { pick, randomOf } from "../simulation/random.ts";
import { changesOf } from "./mutants/changes.ts";
import { failing, filesIn, testsNear } from "./mutants/tests-near.ts";
import { inWorkTree } from "./mutants/work-tree.ts";

const SEED = Number(process.env["MUTANT_DRAW"] ?? Math.floor(Date.now() / 1_000));
const COUNT = Number(process.env["MUTANT_COUNT"] ?? 60);
const LEAST_SHARE = 0.9;
const SIMULATION = "__tests__/simulation/simulation.test.ts";

await inWorkTree(run);

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
  const parsed = ts.getParsedCommandLineOfConfigFile(
    "tsconfig.json",
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  if (parsed === undefined) throw new Error("tsconfig.json can't be read.");
  const host = ts.createCompilerHost(parsed.options, true);
  const readFile = host.readFile.bind(host);
  host.readFile = (name) => (resolve(name) === resolve(path) ? text : readFile(name));
  return ts.createProgram([resolve(path)], parsed.options, host);
}

function isNoticed(path: string, text: string, changed: string): boolean {
  writeFileSync(path, changed);
  try {
    const simulation = path.startsWith("src/") && path.endsWith(".ts") ? [[SIMULATION]] : [];
    return [...testsNear(path), ...simulation].some((tests) => failing(tests) !== undefined);
  } finally {
    writeFileSync(path, text);
  }
}
