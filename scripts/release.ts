import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DIST_MANIFEST, distManifest } from "./dist-manifest.ts";

/** Texts that name a major version: the action in a workflow, the npm package, and the reference of the Terraform module. */
const PINNED = String.raw`(fargate-exec(/attach|/forward)?(@v?|//[^ "?]+[?]ref=v))[0-9]+`;
/** Marks the beginning of a page's part that holds only before the first release. */
const BEFORE = "<!-- before the first release -->";
const BEFORE_BLOCK = new RegExp(`${BEFORE}\\n[^]*?<!-- /before the first release -->\\n\\n?`, "g");
/** Files that a release does not change: the text on former versions, the build's files, and the tests with their made-up versions. */
const OTHERS = ["CHANGELOG.md", "dist", "__tests__"].map((path) => `:(exclude)${path}`);
const UNRELEASED = "## Unreleased\n";

/**
 * `node scripts/release.ts 1.2.3 --out DIRECTORY`, in a clean checkout: makes the commit and the tags of a release, and puts
 * its notes and its archive into the directory. It pushes nothing; `.github/workflows/release.yml` pushes.
 */
function main(): void {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string" } } });
  const [version = ""] = positionals;
  if (values.out === undefined) throw new Error("Say where notes and archive go: --out DIRECTORY.");
  const major = majorOf(version, git("tag", "--list", "v*.*.*").split("\n").filter(Boolean));
  if (git("status", "--porcelain") !== "") throw new Error("The checkout has changes: commit them first.");

  const { changelog, notes } = releaseNotes(readFileSync("CHANGELOG.md", "utf8"), version, today());
  writeFileSync("CHANGELOG.md", changelog);
  for (const page of filesWith(PINNED))
    rewrite(page, (text) => text.replaceAll(new RegExp(PINNED, "g"), `$1${major}`));
  for (const page of filesWith(BEFORE)) rewrite(page, (text) => text.replaceAll(BEFORE_BLOCK, ""));
  // In both files the first `version` is that of this package.
  for (const file of ["package.json", "package-lock.json"])
    rewrite(file, (text) => text.replace(/"version": ".*?"/, `"version": "${version}"`));
  rewrite("package-lock.json", (text) =>
    text.replace(/("": \{\s+"name": ".*?",\s+"version": )".*?"/, `$1"${version}"`),
  );
  writeFileSync(join("dist", DIST_MANIFEST), distManifest(version));

  const tag = `v${version}`;
  git("commit", "--quiet", "--all", "--message", `Release ${tag}`);
  git("tag", "--annotate", tag, "--message", tag);
  // This tag has no message, since it moves with each release.
  git("tag", "--force", `v${major}`, `${tag}^{commit}`);

  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "notes.md"), notes);
  const name = `fargate-exec-${tag}`;
  git("archive", `--prefix=${name}/`, "--format=tar.gz", `--output=${join(out, name)}.tar.gz`, tag);
  console.log(`${tag} and v${major} are ${git("rev-parse", "HEAD").trim()}.`);
}

/** The major version of `version`. Throws unless `version` may follow the tags. */
export function majorOf(version: string, tags: readonly string[]): string {
  const [, major] = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(version) ?? [];
  if (major === undefined)
    throw new Error(`'${version}' is not a version: give three numbers, such as 1.2.3.`);
  const same = tags.filter((tag) => tag.startsWith(`v${major}.`));
  const newest = same
    .map((tag) => tag.slice(1))
    .sort(byVersion)
    .at(-1);
  if (newest !== undefined && byVersion(version, newest) <= 0)
    throw new Error(`${version} does not follow ${newest}: v${major} would go back.`);
  return major;
}

/** The changelog with its unreleased section moved under the version, and that section as the release's notes. */
export function releaseNotes(
  changelog: string,
  version: string,
  date: string,
): { readonly changelog: string; readonly notes: string } {
  const [before, after] = changelog.split(UNRELEASED);
  const notes = after?.split(/^## /m, 1)[0]?.trim();
  if (before === undefined || after === undefined || !notes)
    throw new Error("CHANGELOG.md has nothing below '## Unreleased': say what has changed.");
  return {
    changelog: `${before}${UNRELEASED}\n## ${version} (${date})\n${after}`,
    notes: `${notes}\n`,
  };
}

/** The committed files in which the regular expression matches, without `OTHERS`. */
function filesWith(pattern: string): readonly string[] {
  const all = git("ls-files", "-z", "--", ...OTHERS)
    .split("\0")
    .filter(Boolean);
  const one = new RegExp(pattern);
  return all.filter((path) => one.test(readFileSync(path, "utf8")));
}

function byVersion(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number));
  return [0, 1, 2].map((at) => (a?.[at] ?? 0) - (b?.[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8", maxBuffer: 2 ** 26 });
}

if (process.argv[1] === import.meta.filename) main();
