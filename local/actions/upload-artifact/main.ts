/**
 * Treats its inputs and files as actions/upload-artifact v7 does. Sources: `src/upload` of that action, and `packages/artifact` of
 * actions/toolkit. It keeps the artifact as the file NAME.json in the directory that the variable ARTIFACTS names. `path` is one
 * file or directory, not a pattern. The original's outputs and other inputs are missing. It imports no other file, since act
 * copies this directory alone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

/** An artifact as it is kept. */
interface KeptArtifact {
  /** Each file's bytes in base64, by its path in the artifact. */
  readonly files: Readonly<Record<string, string>>;
  readonly retentionDays: number;
}

const { env } = process;
const KNOWN = ["name", "path", "retention-days", "if-no-files-found"];
const NOT_IN_PATHS = /[":<>|*?\r\n]/;
const NOT_IN_NAMES = /[":<>|*?\r\n\\/]/;
/** The repository's setting, which the runner passes on. act passes on 0, which is not a limit: then GitHub's default counts. */
const MOST_DAYS = Number(env["GITHUB_RETENTION_DAYS"] ?? 0) || 90;

function input(name: string): string {
  return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}

/** The days that an artifact is kept. No value, or 0, means the maximum. A larger value is reduced to the maximum with a warning. */
function retention(): number {
  const days = Number.parseInt(input("retention-days") || "0", 10);
  if (Number.isNaN(days)) throw new Error("Invalid retention-days");
  if (days > MOST_DAYS)
    console.log(
      `::warning::Retention days cannot be greater than the maximum allowed retention set within the repository. Using ${MOST_DAYS} instead.`,
    );
  return days === 0 ? MOST_DAYS : Math.min(days, MOST_DAYS);
}

/** The files at a path; none when nothing is there. Files and directories whose names begin with a dot are hidden, and left out. */
function filesAt(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || basename(path).startsWith(".")) return [];
  return found.isDirectory() ? readdirSync(path).flatMap((name) => filesAt(join(path, name))) : [path];
}

/** The root of an artifact: the directory itself, or the one that has the file. */
function rootOf(path: string): string {
  return statSync(path).isDirectory() ? path : dirname(path);
}

function keep(name: string, artifact: KeptArtifact): void {
  const directory = env["ARTIFACTS"] ?? "";
  if (directory === "") throw new Error("ARTIFACTS has to name the directory that keeps the artifacts");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  if (existsSync(file))
    throw new Error(
      "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: an artifact with this name already exists on the workflow run",
    );
  writeFileSync(file, JSON.stringify(artifact));
}

function main(): void {
  const given = Object.keys(env).flatMap((name) => /^INPUT_(.*)$/.exec(name)?.[1]?.toLowerCase() ?? []);
  const unknown = given.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw new Error(`The stand-in has no inputs ${unknown.join(", ")}`);
  const [name, path, ifNone] = [input("name"), input("path"), input("if-no-files-found")];
  if (path === "") throw new Error("Input required and not supplied: path");
  if (/[*?[\]{}!\n]|^~/.test(path)) throw new Error(`The stand-in takes no patterns: ${path}`);
  if (!["warn", "error", "ignore"].includes(ifNone))
    throw new Error(`Unrecognized if-no-files-found input. Provided: ${ifNone}.`);
  const retentionDays = retention();
  const files = filesAt(resolve(path));
  if (files.length === 0) {
    const none = `No files were found with the provided path: ${path}. No artifacts will be uploaded.`;
    if (ifNone === "error") throw new Error(none);
    console.log(ifNone === "warn" ? `::warning::${none}` : none);
    return;
  }
  if (name === "") throw new Error("Provided artifact name input during validation is empty");
  if (NOT_IN_NAMES.test(name)) throw new Error(`The artifact name is not valid: ${name}.`);
  const root = rootOf(resolve(path));
  const entries = files.map((file) => [relative(root, file), readFileSync(file, "base64")] as const);
  const bad = entries.find(([inside]) => NOT_IN_PATHS.test(inside))?.[0];
  if (bad !== undefined) throw new Error(`The path for one of the files in artifact is not valid: /${bad}.`);
  keep(name, { files: Object.fromEntries(entries), retentionDays });
  console.log(`Artifact ${name} has been successfully uploaded!`);
}

try {
  main();
} catch (error) {
  console.log(`::error::${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
