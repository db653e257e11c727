import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BY_EMULATED_RUNNER, OF_EXAMPLES, OF_README } from "../soak/newcomer/promises.ts";
import { NOT_ON_AWS, ON_AWS } from "../scripts/examples-on-aws.ts";
import { withNeed } from "./helpers/needs.ts";
import { pathOfProgram, whyMissing } from "./helpers/virtual-environment.ts";
import { exampleWorkflows, ownWorkflows, usesIn, workflowOf, workflowsOf } from "./helpers/workflow-files.ts";

const root = mkdtempSync(join(tmpdir(), "workflows-"));
afterAll(() => rmSync(root, { recursive: true }));

const pages = execFileSync("git", ["ls-files", "*.md"]).toString().trim().split("\n");
const readme = workflowsOf("README.md");

/** What a checker prints when it finds something, else an empty text. Fails when it did not end by itself. */
function runChecker(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(pathOfProgram(program), args, {
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
  });
  if (status === null) throw new Error(`${program} did not run: ${error?.message ?? "it was killed"}`);
  return status === 0 ? "" : `${stdout}${stderr}`;
}

it("'npm run newcomer' knows what each workflow of the README and the examples promises", () => {
  const called = Object.values(OF_EXAMPLES).flatMap(({ files = {} }) => Object.values(files));
  const known = [...Object.keys(OF_EXAMPLES), ...Object.keys(BY_EMULATED_RUNNER)].map(
    (name) => `examples/workflows/${name}`,
  );
  const others = called.filter((path) => path.startsWith("examples/workflows/"));
  expect([...known, ...others].sort()).toEqual([...exampleWorkflows].sort());
  expect(readme.map((text) => /^name: (.*)$/m.exec(text)?.[1])).toEqual(Object.keys(OF_README));
});

it("each example runs in the workflow On AWS, or is named with what the set-up lacks for it", () => {
  const { jobs } = workflowOf(".github/workflows/e2e-aws.yml");
  expect(jobs["examples"]?.strategy?.matrix["example"]).toEqual(Object.keys(ON_AWS));
  const called = Object.values(ON_AWS).flatMap(({ calls = [] }) => calls);
  const known = [...Object.keys(ON_AWS), ...called, ...Object.keys(NOT_ON_AWS)];
  const examples = exampleWorkflows.map((path) => basename(path));
  expect(known.sort()).toEqual([...examples, "README.md"].sort());
  const page = readFileSync("examples/README.md", "utf8");
  for (const [name, why] of Object.entries(NOT_ON_AWS))
    expect(page.replaceAll(/\s+/g, " ")).toContain(`\`${basename(name, ".yml")}\` needs ${why}`);
});

describe("actionlint and shellcheck", () => {
  const check = withNeed(it, "actionlint", whyMissing("actionlint") ?? whyMissing("shellcheck"));
  const lint = (args: readonly string[], text?: string): string =>
    runChecker(
      "actionlint",
      ["-no-color", "-shellcheck", pathOfProgram("shellcheck"), "-pyflakes=", ...args],
      text,
    );

  check("find nothing in the workflows of this repository and the action.yml that they use", () => {
    expect(lint(ownWorkflows)).toBe("");
  });

  check("find nothing in the examples, copied to where a repository has its workflows", () => {
    const directory = join(root, ".github/workflows");
    for (const path of [join(root, ".git"), directory]) mkdirSync(path, { recursive: true });
    const copies = exampleWorkflows.map((path) => join(directory, basename(path)));
    for (const [at, copy] of copies.entries()) copyFileSync(exampleWorkflows[at] ?? "", copy);
    expect(lint(copies)).toBe("");
  });

  check("find nothing in the workflows of the README", () => {
    expect(readme.length).toBeGreaterThan(3);
    for (const text of readme) expect(lint(["-"], text)).toBe("");
  });

  check.each([
    ["a wrong key", "step:\n      - run: true", 'unexpected key "step"'],
    ["an unquoted variable", 'steps:\n      - run: |\n          x="a b"\n          cat $x', "SC2086"],
    ["a stranger's input in a script", "steps:\n      - run: echo ${{ github.head_ref }}", "untrusted"],
  ])("report %s", (_, steps, why) => {
    const text = `on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    ${steps}\n`;
    expect(lint(["-"], text)).toContain(why);
  });
});

describe("shellcheck", () => {
  const check = withNeed(it, "shellcheck", whyMissing("shellcheck"));
  const BANG = /^#!.*\b(?:ba|da)?sh\b/;
  /** Parts of the payload are checked joined, as they run (`payload/shellcheck.test.ts`). */
  const JOINED = /^(dist|src\/payload\/container)\/|^__tests__\/golden\//;
  const scripts = execFileSync("git", ["ls-files"])
    .toString()
    .trim()
    .split("\n")
    .filter((path) => !JOINED.test(path) && existsSync(path) && statSync(path).isFile())
    .filter((path) => path.endsWith(".sh") || BANG.test(readFileSync(path, "latin1").slice(0, 80)));

  check.each(scripts)("finds nothing in %s", (path) => {
    expect(runChecker("shellcheck", [path])).toBe("");
  });

  check("finds nothing in the commands of the set-up's page", () => {
    const blocks = [...readFileSync("examples/setup/README.md", "utf8").matchAll(/^```bash\n([^]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, text] of blocks) expect(runChecker("shellcheck", ["--shell=bash", "-"], text)).toBe("");
  });

  check("reports an unquoted variable, and CI's own script is among the files", () => {
    expect(runChecker("shellcheck", ["--shell=sh", "-"], 'x="a b"\ncat $x\n')).toContain("SC2086");
    expect(scripts).toContain(".ci/run");
  });
});

describe("zizmor", () => {
  const check = withNeed(it, "zizmor", whyMissing("zizmor"));
  const audit = (args: readonly string[]): string =>
    runChecker("zizmor", ["--offline", "--no-progress", "-q", ...args]);

  check("finds nothing in .github, at its most pedantic", () => {
    expect(audit(["--persona", "pedantic", ".github"])).toBe("");
  });

  check("finds nothing in the examples, which name other actions by their major version", () => {
    expect(audit(["--config", "examples/zizmor.yml", ...exampleWorkflows])).toBe("");
  });

  check("reports credentials that stay in the checkout, and an action that is not pinned", () => {
    const path = join(root, "bad.yml");
    const steps = "steps:\n      - uses: actions/checkout@v7\n";
    writeFileSync(path, `on: push\npermissions: {}\njobs:\n  one:\n    runs-on: ubuntu-latest\n    ${steps}`);
    expect(audit(["--persona", "pedantic", path])).toMatch(
      /artipacked[^]*unpinned-uses|unpinned-uses[^]*artipacked/,
    );
  });
});

describe.each(ownWorkflows)("%s", (path) => {
  it("gives only the rights that a job names", () => {
    expect(workflowOf(path).permissions).toEqual({});
  });

  it("pins every action by its commit, with the tag beside it", () => {
    for (const { name, version, comment } of usesIn(readFileSync(path, "utf8"))) {
      expect(`${name}@${version}`).toMatch(/@[0-9a-f]{40}$/);
      expect(`${name} ${comment ?? ""}`).toMatch(/ v\d+\.\d+\.\d+$/);
    }
  });
});

it("every proof of soak/ stands in the weekly workflow", () => {
  const proofs = readdirSync("soak").flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
  const { jobs } = workflowOf(".github/workflows/proofs.yml");
  expect(jobs["proof"]?.strategy?.matrix["proof"]).toEqual(proofs.filter((name) => name !== "run").sort());
});

it("the page of the local Fargate gives act no secret by its arguments, and each variable a value, since act passes one without as empty", () => {
  const page = readFileSync("local/README.md", "utf8");
  const variables = [...page.matchAll(/ --env (\S+)/g)].map(([, text = ""]) => text);
  expect(variables.filter((text) => !/^\w+=./.test(text))).toEqual([]);
  expect(variables.filter((text) => text.includes("TOKEN"))).toEqual([]);
  const [, pattern = ""] = /printenv \| grep -E '(.+)' \|\n/.exec(page) ?? [];
  const printed = ["AWS_ENDPOINT_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  expect(printed.filter((name) => !new RegExp(pattern).test(`${name}=x`))).toEqual([]);
  expect(page).toContain("--env-file /dev/stdin");
});

describe("other people's actions", () => {
  const own = ownWorkflows.flatMap((path) => usesIn(readFileSync(path, "utf8")));
  // Dependabot updates the examples and the workflows; the pages follow them by this test.
  const listed = new Map<string, string>();
  for (const { name, version } of exampleWorkflows.flatMap((path) => usesIn(readFileSync(path, "utf8"))))
    listed.set(name, version);
  for (const { name, comment = "" } of own)
    if (!listed.has(name)) listed.set(name, comment.split(".")[0] ?? "");

  it("have one version in the workflows", () => {
    const pins = new Set(
      own.map(({ name, version }) => `${name.split("/").slice(0, 2).join("/")}@${version}`),
    );
    const names = [...pins].map((pin) => pin.split("@")[0]);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each([...pages, ...exampleWorkflows])("have the newest major version in %s", (path) => {
    const used = usesIn(readFileSync(path, "utf8")).filter(
      ({ name }) => !name.startsWith("org/fargate-exec"),
    );
    for (const { name, version } of used)
      expect(`${name}@${version}`).toBe(`${name}@${listed.get(name) ?? "?"}`);
  });
});
