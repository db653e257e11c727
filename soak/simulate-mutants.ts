/**
 * Proves that the simulation finds bugs: each patch of `simulation/planted/` is applied to a copy of the sources, and seeds from 1 on run
 * until the rule that the patch is for objects to one to which it does not object without the patch. The table of docs/simulation.md names that rule;
 * for a patch without a row it is the first one that objects. Prints a table of the seeds and the rules, and compares it with that of
 * the page. `MUTANTS` names the patches, `MUTANT_PATCHES` is another directory of them, `MUTANT_RULE` another rule, `MUTANT_FROM` the first seed,
 * `MUTANT_SEEDS` how many there are at most. With `MUTANT_TABLE=write` the page gets what was found, each row as soon as it is known. With
 * `MUTANT_UNIT=1` no seed runs, but the tests near each change (mutants/tests-near.ts): do they notice it?
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { RULES } from "../simulation/oracle/rules.ts";
import { type PlantedBug, plantedBugs, withPlantedBugs } from "../simulation/planted-bugs.ts";
import { failing, testsNear } from "./mutants/tests-near.ts";
import { inWorkTree } from "./mutants/work-tree.ts";

interface Objected {
  readonly seed: number;
  readonly rules: readonly string[];
}

const FIRST_SEED = Number(process.env["MUTANT_FROM"] ?? 1);
const MOST_SEEDS = Number(process.env["MUTANT_SEEDS"] ?? 20_000);
const LEAST_UNNOTICED = 30;
const PAGE = resolve("docs/simulation.md");
const PATCHES = resolve(process.env["MUTANT_PATCHES"] ?? "simulation/planted");
const wanted = process.env["MUTANTS"]?.split(" ");
const names = readdirSync(PATCHES)
  .map((file) => basename(file, ".patch"))
  .filter((name) => wanted?.includes(name) ?? true);

if (process.env["MUTANT_UNIT"] === "1") await inWorkTree(runUnitTests);
else await huntAll();

async function huntAll(): Promise<void> {
  const found = new Map<string, Objected | undefined>();
  const told = rows();
  const left = [...names];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const objected = await hunt(name, process.env["MUTANT_RULE"] ?? told.get(name)?.rule);
        found.set(name, objected);
        const [rule = ""] = objected?.rules ?? [];
        console.log(`| \`${name}\` | ${objected?.seed ?? `none of ${MOST_SEEDS}`} | ${rule} |`);
        if (objected !== undefined) write(name, { seed: objected.seed, rule });
      }
    }),
  );
  compare(found);
}

/** Which of the bugs a test near the change notices. */
function runUnitTests(): void {
  for (const name of names) {
    const patch = join(PATCHES, `${name}.patch`);
    execFileSync("git", ["apply", patch]);
    try {
      const [, path = ""] = /^\+\+\+ b\/(.+)$/m.exec(readFileSync(patch, "utf8")) ?? [];
      const test = noticing(path);
      console.log(`| \`${name}\` | ${test ?? "no unit test"} |`);
      write(name, { noticed: test === undefined ? "no" : "yes" });
    } finally {
      execFileSync("git", ["checkout", "--quiet", "--", "."]);
    }
  }
  const bugs = [...rows().values()];
  const unnoticed = bugs.filter(({ noticed }) => noticed === "no").length;
  console.log(`No unit test notices ${unnoticed} of ${bugs.length}.`);
  if (wanted === undefined && unnoticed < LEAST_UNNOTICED) fail(`They are to be ${LEAST_UNNOTICED}.`);
}

/** The first test file near a change that fails. */
function noticing(path: string): string | undefined {
  for (const tests of testsNear(path)) {
    const test = failing(tests);
    if (test !== undefined) return test;
  }
  return undefined;
}

/** The first seed to which this rule objects, or any, with what objects to it: this rule first. */
async function hunt(name: string, rule: string | undefined): Promise<Objected | undefined> {
  const copy = mkdtempSync(join(tmpdir(), "mutant-"));
  try {
    for (const part of ["src", "simulation", "package.json", "tsconfig.json"])
      cpSync(part, join(copy, part), { recursive: true });
    symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
    // Without a repository around it, `git apply` takes the paths from where it stands.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() };
    const { status, stderr } = spawnSync("git", ["apply", join(PATCHES, `${name}.patch`)], {
      cwd: copy,
      env,
    });
    if (status !== 0) throw new Error(`${name} does not apply: ${stderr.toString()}`);
    const hunter = spawn(process.execPath, ["simulation/hunt.ts", String(FIRST_SEED), String(MOST_SEEDS)], {
      ...{ cwd: copy, stdio: ["ignore", "pipe", "inherit"] },
    });
    try {
      for await (const line of createInterface({ input: hunter.stdout })) {
        const objected = JSON.parse(line) as Objected;
        const isFor = (each: string): boolean => rule === undefined || each === rule;
        if (!objected.rules.some(isFor)) continue;
        const without = rulesWithout(objected.seed);
        const rules = objected.rules.filter((each) => !without.includes(each));
        if (rules.some(isFor))
          return { ...objected, rules: [...new Set([...rules.filter(isFor), ...rules])] };
      }
      return undefined;
    } finally {
      hunter.kill("SIGKILL");
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The rules that object to this seed without a patch. */
function rulesWithout(seed: number): readonly string[] {
  const { stdout } = spawnSync(process.execPath, ["simulation/hunt.ts", String(seed), "1"]);
  const text = stdout.toString().trim();
  return text === "" ? [] : (JSON.parse(text) as Objected).rules;
}

/** The rows of the page. */
function rows(): ReadonlyMap<string, PlantedBug> {
  return new Map(plantedBugs(readFileSync(PAGE, "utf8")).map((bug) => [bug.name, bug]));
}

/** Puts what is known of a patch into its row of the page, if that is to be written. A row whose patch is gone goes, too. */
function write(name: string, known: Partial<PlantedBug>): void {
  if (process.env["MUTANT_TABLE"] !== "write") return;
  const told = rows();
  const bug = { name, seed: 0, rule: "", noticed: "", ...told.get(name), ...known };
  const others = [...told.values()].filter(
    (other) => other.name !== name && existsSync(join(PATCHES, `${other.name}.patch`)),
  );
  writeFileSync(PAGE, withPlantedBugs(readFileSync(PAGE, "utf8"), [...others, bug]));
}

function compare(found: ReadonlyMap<string, Objected | undefined>): void {
  const table = rows();
  for (const [name, objected] of found) {
    const told = table.get(name);
    if (objected === undefined) fail(`${name} was not found.`);
    else if (told?.seed !== objected.seed || !objected.rules.includes(told.rule))
      fail(
        `docs/simulation.md says of ${name}: ${told === undefined ? "nothing" : `${told.seed}, ${told.rule}`}.`,
      );
  }
  if (wanted !== undefined) return;
  const broken = new Set([...found.values()].flatMap((objected) => objected?.rules ?? []));
  for (const { name } of RULES) if (!broken.has(name)) fail(`No planted bug breaks '${name}'.`);
}

function fail(why: string): void {
  console.log(why);
  process.exitCode = 1;
}
