import { existsSync, readFileSync } from "node:fs";

/** A text without line breaks, so that a claim is found however it is wrapped. */
const flat = (text: string): string => text.replace(/\s+/g, " ");
/** The README, and the pages to which it leads for what it promises. */
const [readme = "", inputs = "", comparison = "", sharing = ""] = [
  "README.md",
  "docs/inputs.md",
  "docs/compare.md",
  "docs/sharing.md",
].map((path) => readFileSync(path, "utf8"));
const claimed = [readme, inputs, comparison, sharing].join("\n");
const page = readFileSync("docs/claims.md", "utf8");

/** The rows of those tables of claims whose second column has this heading. */
const rowsOf = (heading: string): readonly { readonly claim: string; readonly test: string }[] =>
  page
    .split("\n\n")
    .filter((part) => new RegExp(`^\\| Claim +\\| ${heading} +\\|\\n`).test(part))
    .flatMap((table) => table.trimEnd().split("\n").slice(2))
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, claim = "", test = ""]) => ({ claim, test }));
const rows = rowsOf("Test");
const untested = rowsOf("What there is");

/** The inputs that a claim names, when it is about nothing else. */
const inputsIn = (claim: string): readonly string[] | undefined =>
  /^(`[a-z-]+`(, | or )?)+$/.test(claim)
    ? [...claim.matchAll(/`([a-z-]+)`/g)].map(([, name = ""]) => name)
    : undefined;

/** Why a row is wrong; undefined for a good one. */
function flaw(claim: string, test: string): string | undefined {
  const names = inputsIn(claim);
  const isSaid =
    names === undefined
      ? flat(claimed).includes(claim)
      : names.every((name) => inputs.includes(`**\`${name}\`**`));
  if (!isSaid) return `the README does not say: ${claim}`;
  const [, file = "", title] = /^`([\w./-]+)`(?:: (.*))?$/.exec(test) ?? [];
  const path = /^(bench|demo|soak)\//.test(file) ? file : `__tests__/${file}`;
  if (!existsSync(path)) return `there is no ${path}`;
  if (title === undefined) return path.startsWith("__tests__/") ? `${path} without a title` : undefined;
  // The page may have a part of a title, such as the part before or behind a row's `%s`.
  return readFileSync(path, "utf8").includes(title) ? undefined : `${path} has no test: ${title}`;
}

it.each(rows)("$claim", ({ claim, test }) => {
  expect(flaw(claim, test)).toBeUndefined();
});

it("the claims without a test stand in the README, and are fewer than eight", () => {
  expect(untested.filter(({ claim }) => !flat(claimed).includes(claim))).toEqual([]);
  expect(untested.length).toBeLessThan(8);
});

/** The first cells of a table in a section of a page. */
const firstCells = (page: string, heading: string): readonly string[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| ([a-z0-9`][^|]*?) +\|/gm)].map(([, text = ""]) => text);
};

it.each([
  ["promise in bold", [...readme.matchAll(/^- (\*\*[^*]+\*\*)/gm)].map(([, text = ""]) => flat(text)), 5],
  ["row of the comparison", firstCells(comparison, "Why not `aws ecs execute-command`?"), 10],
  ["row of 'Which input do I need?'", firstCells(readme, "Which input do I need?"), 10],
])("no %s is left out", (_, texts, atLeast) => {
  expect(texts.length).toBeGreaterThanOrEqual(atLeast);
  const claims = [...rows, ...untested].map(({ claim }) => claim);
  expect(texts.filter((text) => !claims.includes(text))).toEqual([]);
});

it("no input is left out", () => {
  const held = new Set(rows.flatMap(({ claim }) => inputsIn(claim) ?? []));
  const names = [...inputs.slice(0, inputs.indexOf("\n## Outputs")).matchAll(/^- \*\*`([a-z-]+)`\*\*: /gm)];
  expect(names.length).toBeGreaterThan(50);
  expect(names.map(([, name = ""]) => name).filter((name) => !held.has(name))).toEqual([]);
});

it.each([
  ["It flies.", "`e2e/status.local.test.ts`: each exit code arrives exactly", "the README does not say"],
  [
    "any number of jobs run side by side",
    "`e2e/nowhere.test.ts`: x",
    "there is no __tests__/e2e/nowhere.test.ts",
  ],
  ["any number of jobs run side by side", "`e2e/status.local.test.ts`: it flies", "has no test: it flies"],
  ["any number of jobs run side by side", "`e2e/status.local.test.ts`", "without a title"],
])("the wrong row '%s', held by %s, is reported", (claim, test, why) => {
  expect(flaw(claim, test)).toContain(why);
});
