import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { list, statementsOf } from "../local/iam/policy.ts";
import { policyFiles, policyOf } from "../local/iam/policy-files.ts";
import { inputsPage } from "../scripts/inputs-page.ts";

interface Action {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const readme = readFileSync("README.md", "utf8");
const policies = readFileSync("docs/iam/README.md", "utf8");
const action = parse(readFileSync("action.yml", "utf8")) as Action;

/** A section of a page, without its heading. */
function section(heading: string, page = readme): string {
  const [, text] = page.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`The page has no section '${heading}'.`);
  return text.split("\n## ", 1)[0] ?? "";
}

/** What stands in backquotes. */
function quotedWords(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** The IAM names, without their service, of the AWS calls in the sources. */
function calls(): readonly string[] {
  const files = readdirSync("src/aws").map((file) => readFileSync(`src/aws/${file}`, "utf8"));
  const named = /\b(?:ask|call|query)\(\s*(?:"\w+", )?"([A-Z]\w+)"|action: "\w+:(\w+)"/g;
  const names = files.flatMap((text) => [...text.matchAll(named)]);
  return [...new Set(names.map(([, called, needed]) => called ?? needed ?? ""))].sort();
}

/** What the page of policies says of each file. */
const allowed = section("What each file allows", policies);

describe("the README", () => {
  it("has at most 20 KB, and tells the input for a purpose in at most twelve rows", () => {
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(20_000);
    const rows = section("Which input do I need?").match(/^\| (?!-|To )/gm) ?? [];
    expect(rows.length).toBeLessThanOrEqual(12);
    expect(rows.length).toBeGreaterThan(8);
  });

  it("tells the number of inputs", () => {
    expect(readme).toContain(`All ${Object.keys(action.inputs).length} inputs`);
    expect(Object.keys(action.inputs).length).toBeLessThanOrEqual(63);
  });

  it("has the clone, the demo and the tests in one block", () => {
    expect(readme).toMatch(
      /```console\ngit clone \S+ && cd fargate-exec\nnpm ci && npm run demo\nnpm ci && npm test\n```/,
    );
  });
});

describe("the page of inputs", () => {
  it("is what `npm run inputs-page` makes of the files that declare them", async () => {
    expect(readFileSync("docs/inputs.md", "utf8")).toBe(await inputsPage("."));
  });

  it("has each input and each output once", () => {
    const named = [...readFileSync("docs/inputs.md", "utf8").matchAll(/^- \*\*`([a-z-]+)`\*\*: /gm)].map(
      ([, name]) => name,
    );
    expect(named).toEqual(
      expect.arrayContaining([...Object.keys(action.inputs), ...Object.keys(action.outputs)]),
    );
  });
});

describe("the page of policies", () => {
  it.each(calls())("lists the right to %s", (name) => {
    expect(quotedWords(allowed).map((right) => right.split(":")[1])).toContain(name);
  });

  it.each(policyFiles)("lists what docs/iam/%s.json allows, and nothing else", (file) => {
    const of = allowed.split(/\n(?=\|)|\n\n/).find((part) => quotedWords(part).includes(file)) ?? "";
    const listed = quotedWords(of).filter((name) => /^[a-z0-9]+:[A-Z]/.test(name));
    const actions = statementsOf(policyOf(file)).flatMap(({ Action }) => list(Action));
    expect([...new Set(listed)].sort()).toEqual([...new Set(actions)].sort());
  });

  it("names only files of docs/iam that are there", () => {
    const named = quotedWords(allowed).filter((name) =>
      /^(caller|task-role|execution-role$|bucket-policy)/.test(name),
    );
    expect([...new Set(named)].sort()).toEqual(policyFiles);
  });

  it.each(policyFiles)("says what each placeholder of %s.json is", (file) => {
    const used = JSON.stringify(policyOf(file)).match(/<[a-z-]+>/g) ?? [];
    for (const placeholder of used) expect(policies).toContain(`\`${placeholder}\``);
  });

  it("is compared with the calls of all clients", () => {
    expect(calls()).toEqual(
      expect.arrayContaining(["ExecuteCommand", "GetLogEvents", "PutObject", "SimulatePrincipalPolicy"]),
    );
  });
});
