import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../local/actions/upload-artifact/main.ts");
const root = mkdtempSync(join(tmpdir(), "upload-artifact-"));
afterAll(() => rmSync(root, { recursive: true }));

interface Upload {
  readonly status: number | null;
  readonly said: string;
  readonly artifacts: string;
}

/** Runs the stand-in in a workspace with these files. */
function upload(
  inputs: Readonly<Record<string, string>>,
  files = ["report.txt"],
  artifacts?: string,
): Upload {
  const workspace = mkdtempSync(join(root, "workspace-"));
  for (const path of files) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), `${path}\0\xff`, "latin1");
  }
  const kept = artifacts ?? mkdtempSync(join(root, "artifacts-"));
  // The engine hands over the defaults of action.yml.
  const given = { name: "artifact", "if-no-files-found": "warn", ...inputs };
  const env = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const);
  const { status, stdout } = spawnSync(process.execPath, [MAIN], {
    cwd: workspace,
    env: { ...Object.fromEntries(env), ARTIFACTS: kept },
    encoding: "utf8",
  });
  return { status, said: stdout, artifacts: kept };
}

const keptIn = (directory: string, name: string): unknown =>
  JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8"));
const base64 = (path: string): string => Buffer.from(`${path}\0\xff`, "latin1").toString("base64");

it("a file is kept byte for byte under its own name", () => {
  const { status, artifacts } = upload({ path: "out/report.txt", "retention-days": "30" }, [
    "out/report.txt",
  ]);
  expect(status).toBe(0);
  const files = { "report.txt": base64("out/report.txt") };
  expect(keptIn(artifacts, "artifact")).toEqual({ files, retentionDays: 30 });
});

it("a directory is kept with the paths below it, without hidden files, for the most days", () => {
  const { artifacts } = upload({ path: "out", name: "all" }, ["out/a", "out/b/c", "out/.d", "out/.e/f", "g"]);
  const files = { a: base64("out/a"), "b/c": base64("out/b/c") };
  expect(keptIn(artifacts, "all")).toEqual({ files, retentionDays: 90 });
});

it("more days than the repository allows are reduced with a warning", () => {
  const { status, said, artifacts } = upload({ path: "report.txt", "retention-days": "91" });
  expect(status).toBe(0);
  expect(said).toContain("::warning::Retention days cannot be greater");
  expect(keptIn(artifacts, "artifact")).toMatchObject({ retentionDays: 90 });
});

it.each<[string, Record<string, string>, string]>([
  ["no path", {}, "Input required and not supplied: path"],
  ["a word for the days", { path: "report.txt", "retention-days": "month" }, "Invalid retention-days"],
  ["a colon in the name", { path: "report.txt", name: "a:b" }, "The artifact name is not valid: a:b."],
  [
    "an empty name",
    { path: "report.txt", name: "" },
    "Provided artifact name input during validation is empty",
  ],
  [
    "a wrong choice",
    { path: "report.txt", "if-no-files-found": "fail" },
    "Unrecognized if-no-files-found input",
  ],
  [
    "no such file",
    { path: "nowhere", "if-no-files-found": "error" },
    "No files were found with the provided path",
  ],
  [
    "a hidden file",
    { path: ".hidden", "if-no-files-found": "error" },
    "No files were found with the provided path",
  ],
  ["a pattern", { path: "*.txt" }, "The stand-in takes no patterns"],
  ["another input", { path: "report.txt", overwrite: "true" }, "The stand-in has no inputs overwrite"],
])("%s is refused, and nothing is kept", (_, inputs, why) => {
  const { status, said, artifacts } = upload(inputs, ["report.txt", ".hidden"]);
  expect(status).toBe(1);
  expect(said).toContain(`::error::${why}`);
  expect(readdirSync(artifacts)).toEqual([]);
});

it("a second artifact of a name is refused, and the first one stays", () => {
  const { artifacts } = upload({ path: "report.txt" });
  const { status, said } = upload({ path: "other.txt" }, ["other.txt"], artifacts);
  expect(status).toBe(1);
  expect(said).toContain("(409) Conflict: an artifact with this name already exists on the workflow run");
  expect(keptIn(artifacts, "artifact")).toMatchObject({ files: { "report.txt": base64("report.txt") } });
});

it("no file at all is a warning unless something else is asked for", () => {
  const { status, said, artifacts } = upload({ path: "nowhere" });
  expect(status).toBe(0);
  expect(said).toContain("::warning::No files were found with the provided path: nowhere.");
  expect(readdirSync(artifacts)).toEqual([]);
});
