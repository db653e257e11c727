/**
 * Proves that the simulation finds bugs: each patch of `simulation/planted/` is applied to a copy of the sources, and seeds from 1 on run
 * until the oracle objects to one to which it does not object without the patch. Prints a table of the seeds and the rules, and compares it with that of
 * docs/simulation.md. `MUTANTS` names the patches, `MUTANT_PATCHES` is
 * another directory of them, `MUTANT_SEEDS` is the most seeds. With
 * `MUTANT_TABLE=write` the page gets what was found.
 */
import { spawn, spawnSync } from "node:child_process";
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
import { plantedBugs, withPlantedBugs } from "../simulation/planted-bugs.ts";

interface Objected {
  readonly seed: number;
  readonly rules: readonly string[];
}

const MOST_SEEDS = Number(process.env["MUTANT_SEEDS"] ?? 20_000);
const PAGE = "docs/simulation.md";
const PATCHES = resolve(process.env["MUTANT_PATCHES"] ?? "simulation/planted");
const wanted = process.env["MUTANTS"]?.split(" ");
const names = readdirSync(PATCHES)
  .map((file) => basename(file, ".patch"))
  .filter((name) => wanted?.includes(name) ?? true);

const found = new Map<string, Objected | undefined>();
const left = [...names];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const objected = await hunt(name);
      found.set(name, objected);
      console.log(
        `| \`${name}\` | ${objected?.seed ?? `none of ${MOST_SEEDS}`} | ${objected?.rules[0] ?? ""} |`,
      );
    }
  }),
);
if (process.env["MUTANT_TABLE"] === "write") writeTable();
compare();

/** The first seed that shows the bug. */
async function hunt(name: string): Promise<Objected | undefined> {
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
    const hunter = spawn(process.execPath, ["simulation/hunt.ts", "1", String(MOST_SEEDS)], {
      ...{ cwd: copy, stdio: ["ignore", "pipe", "inherit"] },
    });
    try {
      for await (const line of createInterface({ input: hunter.stdout })) {
        const objected = JSON.parse(line) as Objected;
        const without = rulesWithout(objected.seed);
        const rules = objected.rules.filter((rule) => !without.includes(rule));
        if (rules.length > 0) return { ...objected, rules };
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

/** Puts what was found into the page. The rows of other patches stay. */
function writeTable(): void {
  const page = readFileSync(PAGE, "utf8");
  const others = plantedBugs(page).filter(
    ({ name }) => !found.has(name) && existsSync(join(PATCHES, `${name}.patch`)),
  );
  const rows = [...found].flatMap(([name, objected]) =>
    objected === undefined ? [] : [{ name, seed: objected.seed, rule: objected.rules[0] ?? "" }],
  );
  writeFileSync(PAGE, withPlantedBugs(page, [...others, ...rows]));
}

function compare(): void {
  const table = new Map(plantedBugs(readFileSync(PAGE, "utf8")).map((bug) => [bug.name, bug]));
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
