/** `npm run inputs-page`: writes docs/inputs.md from the files that declare the inputs, `action.yml` and those of the doors. A test compares them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import { parse } from "yaml";

type Described = Readonly<Record<string, { readonly description: string }>>;

interface Manifest {
  readonly inputs: Described;
  readonly outputs: Described;
}

const INTRODUCTION = [
  "# Inputs and outputs",
  "",
  "This page is made from [`action.yml`](../action.yml), [`attach/action.yml`](../attach/action.yml) and [`forward/action.yml`](../forward/action.yml).",
  "Lists take newlines or commas, durations are like `90s`, `30m` and `2h`. An empty input counts as left out. Every problem with the inputs is reported before the first call to AWS. The",
  "command line has [the same inputs as options](cli.md).",
].join("\n");

/** What no input and no output says. */
const IN_THE_SCRIPT = [
  "## In the script",
  "",
  "`FARGATE_EXEC_WORKER` is the worker's index from 0, `FARGATE_EXEC_WORKERS` their number, and `FARGATE_EXEC_RUN` the id of the run. `CI` is `true`, and",
  "`GITHUB_REPOSITORY`, `GITHUB_SHA` and the like are those of the workflow. A daemon that the script leaves behind lives on and does not keep the step",
  "waiting. What the script writes into `$GITHUB_OUTPUT` and `$GITHUB_STEP_SUMMARY` becomes outputs of the step, and a part of its summary:",
  "",
  "```yaml",
  "- uses: org/fargate-exec@v1",
  "  id: release",
  "  with:",
  "    service: shop",
  "    run: |",
  '      echo "version=$(cat VERSION)" >> "$GITHUB_OUTPUT"',
  '      echo "Migrated **$(cat VERSION)**" >> "$GITHUB_STEP_SUMMARY"',
  '- run: echo "$VERSION"',
  "  env:",
  "    VERSION: ${{ steps.release.outputs.version }}",
  "```",
  "",
  "Each worker has files of its own, which are read when it has ended, whatever its exit code. When several set the same name, the last worker of the last",
  "task wins. The step ignores a name that the action uses itself, and a file that is too large ([1 MiB](limits.md#of-the-inputs-and-outputs)); a warning",
  "says so. `GITHUB_ENV` and `GITHUB_PATH` are not there: [they would change](limits.md#what-it-cant-do) the runner's later steps. A variable of a later",
  "step [takes 128 KiB](limits.md#of-the-inputs-and-outputs), and all outputs of a workflow job together [1 MB](limits.md#of-aws-and-github).",
].join("\n");

/** The page's text, for the action in this directory. */
export async function inputsPage(directory: string): Promise<string> {
  const text = readFileSync(join(directory, "action.yml"), "utf8");
  const root = parse(text) as Manifest;
  const attach = readDoor(directory, "attach", root);
  const forward = readDoor(directory, "forward", root);
  const parts = [
    INTRODUCTION,
    ...groupsIn(text).map(({ title, names }) => group(`## ${title}`, names, root.inputs)),
    group("## Of the door attach", attach.own, attach.inputs, {
      before:
        "`uses: org/fargate-exec/attach@v1` [follows a script](detach.md) that another step has left running.",
      after: `It has ${listed(attach.same)}, too, and the outputs below.`,
    }),
    group("## Of the door forward", forward.own, forward.inputs, {
      before:
        "`uses: org/fargate-exec/forward@v1` [forwards ports](forward.md) of the runner into a VPC, for the later steps of the job.",
      after: `It has ${listed(forward.same)}, too. Its outputs are these:`,
    }),
    group("", Object.keys(forward.outputs), forward.outputs),
    IN_THE_SCRIPT,
    group("## Outputs", Object.keys(root.outputs), root.outputs),
  ];
  const path = join(directory, "docs/inputs.md");
  return await format(`${parts.join("\n\n")}\n`, { ...(await resolveConfig(path)), filepath: path });
}

/** A door's declaration, with the names of the inputs that are its own, and of those that are just the root's. */
function readDoor(
  directory: string,
  door: string,
  root: Manifest,
): Manifest & Readonly<Record<"own" | "same", readonly string[]>> {
  const manifest = parse(readFileSync(join(directory, door, "action.yml"), "utf8")) as Manifest;
  const names = Object.keys(manifest.inputs);
  const own = names.filter((name) => manifest.inputs[name]?.description !== root.inputs[name]?.description);
  return { ...manifest, own, same: names.filter((name) => !own.includes(name)) };
}

function listed(names: readonly string[]): string {
  const words = names.map((name) => `\`${name}\``);
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].join(" and ");
}

/** The comments between the inputs, each with the names that follow it. */
function groupsIn(text: string): readonly { readonly title: string; readonly names: readonly string[] }[] {
  const inputs = text.slice(0, text.indexOf("\noutputs:"));
  return inputs
    .split(/^ {2}# /m)
    .slice(1)
    .map((part) => ({
      title: part.split("\n", 1)[0] ?? "",
      names: [...part.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name = ""]) => name),
    }));
}

function group(
  heading: string,
  names: readonly string[],
  all: Described,
  { before = "", after = "" }: { readonly before?: string; readonly after?: string } = {},
): string {
  const rows = names.map((name) => `- **\`${name}\`**: ${marked(all[name]?.description ?? "")}`);
  return [heading, before, rows.join("\n"), after].filter((part) => part !== "").join("\n\n");
}

/** A description in Markdown: what stands in quotes is code, and so is JSON. */
function marked(description: string): string {
  const text = description.replaceAll(/\s*\n\s*/g, " ").trim();
  let page = "";
  for (let at = 0; at < text.length;) {
    const end = codeEnd(text, at);
    const code = text.slice(at, end);
    page += end === at + 1 ? code.replace("<", "\\<") : `\`${code.replace(/^"(.*)"$/, "$1")}\``;
    at = end;
  }
  return page;
}

/** Where the code that begins at `at` ends; the next character for none. */
function codeEnd(text: string, at: number): number {
  if (text[at] === '"') return text.indexOf('"', at + 1) + 1;
  if (!/^(\[\{|\[|\{)"/.test(text.slice(at))) return at + 1;
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    if (/[[{]/.test(text[end] ?? "")) depth += 1;
    if (/[\]}]/.test(text[end] ?? "")) depth -= 1;
    if (depth === 0) return end + 1;
  }
  throw new Error(`There is no end of the JSON in: ${text}`);
}

if (process.argv[1] === import.meta.filename) {
  const directory = resolve(import.meta.dirname, "..");
  writeFileSync(join(directory, "docs/inputs.md"), await inputsPage(directory));
}
