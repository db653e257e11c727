import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

/**
 * Proves that the committed `dist/` is what the sources build. It runs `npm run build` into another directory (which the
 * variable DIST names) and compares it with `dist/`, file by file. No file may contain a path of this machine: another machine
 * would build another file.
 */
function main(root: string): void {
  const built = mkdtempSync(join(tmpdir(), "dist-"));
  try {
    execFileSync("npm", ["run", "--silent", "build"], {
      cwd: root,
      env: { ...process.env, DIST: built },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (readdirSync(built).length === 0)
      throw new Error("'npm run build' has to write to the directory that DIST names.");
    const problems = [
      ...differences(join(root, "dist"), built),
      ...localPaths(join(root, "dist"), [root, homedir(), built]),
    ];
    if (problems.length === 0) return;
    console.error(
      `dist/ is not what the sources build:\n${problems.map((problem) => `  ${problem}\n`).join("")}`,
    );
    console.error("Run 'npm run build' and commit dist/ with the change.");
    process.exitCode = 1;
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/** The differences between the two directories, one line for each file. */
export function differences(committed: string, built: string): string[] {
  const before = contents(committed);
  const after = contents(built);
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const old = before.get(name);
    const fresh = after.get(name);
    if (old === undefined) return [`dist/${name} is missing`];
    if (fresh === undefined) return [`dist/${name} is left over: no build writes it`];
    return sameText(old, fresh) ? [] : [`dist/${name} differs`];
  });
}

/** The files that contain a path of the machine that built them, one line for each file. */
export function localPaths(directory: string, paths: readonly string[]): string[] {
  // Each path gets a slash at its end: "/root" is also the beginning of "/rooted". "/" is left out, because every file contains it.
  const needles = paths
    .filter((path) => path !== "/" && path !== "")
    .map((path) => `${path.replace(/\/$/, "")}/`);
  return [...contents(directory)].flatMap(([name, bytes]) => {
    const found = needles.find((needle) => bytes.includes(needle));
    return found === undefined
      ? []
      : [`dist/${name} holds the path ${found}, a path of the machine that built it`];
  });
}

/** The files of a directory by their paths. A directory that does not exist has none. */
function contents(directory: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  if (!existsSync(directory)) return files;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(directory, path), readFileSync(path));
  }
  return files;
}

/** Whether two files are equal, except that Git may have turned CR LF into LF. */
function sameText(one: Buffer, other: Buffer): boolean {
  return (
    one.equals(other) ||
    one.toString("latin1").replaceAll("\r\n", "\n") === other.toString("latin1").replaceAll("\r\n", "\n")
  );
}

if (process.argv[1] === import.meta.filename) main(resolve(import.meta.dirname, ".."));
