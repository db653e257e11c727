import { readFileSync } from "node:fs";
import { parse } from "yaml";

type Described = Readonly<Record<string, { readonly description: string }>>;

const { inputs, outputs } = parse(readFileSync("action.yml", "utf8")) as {
  readonly inputs: Described;
  readonly outputs: Described;
};
const [, section = ""] = readFileSync("docs/limits.md", "utf8").split("\n## Of the inputs and outputs\n");
const rows = (section.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .slice(2)
  .map((line) => line.split("|").map((cell) => cell.trim()));
const limits = rows.flatMap(([, of = "", limit = ""]) => {
  const names = [...of.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  // A limit that several inputs have together is in the description of one of them.
  return (of.endsWith(" together") ? [names] : names.map((name) => [name])).map((some) => ({ some, limit }));
});

it.each(limits)("$some: $limit, as action.yml says", ({ some, limit }) => {
  const description = some
    .map((name) => (inputs[name] ?? outputs[name])?.description.replace(/\s+/g, " ") ?? "")
    .join("\n");
  expect(description.trim()).not.toBe("");
  // The text behind the first semicolon holds in some cases only.
  const [first = ""] = limit.split(";");
  for (const [number] of first.matchAll(/\d[\d,]*(?: ?(?:[KMG]i?B|[smh]|characters))?\b/g))
    expect(description).toContain(number);
});

it("there are limits to compare", () => {
  expect(limits.filter(({ limit }) => /\d/.test(limit)).length).toBeGreaterThan(12);
});

it.each([
  [
    "docs/limits.md",
    /the outputs of a workflow job, to other jobs \| 1 MB .* UTF-16.*; 50 MB a workflow run/,
  ],
  ["docs/inputs.md", /all outputs of a workflow job together \[1 MB\]/],
  ["docs/limits.md", /a job on a GitHub-hosted runner +\| six hours/],
  ["docs/detach.md", /A job on a GitHub-hosted runner ends after six hours/],
  ["docs/sharing.md", /From runner 2\.336\.0 on the job stays green/],
])("%s has GitHub's own limit: %s", (page, words) => {
  expect(readFileSync(page, "utf8").replaceAll(/ +/g, " ")).toMatch(words);
});

it("there is no input that only a flag of the runner decides about", () => {
  expect(Object.keys(inputs)).not.toContain("artifacts-declare");
});
