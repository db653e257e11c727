import { readdirSync, type Stats } from "node:fs";
import { join, relative, sep } from "node:path";
import { containerGlob } from "../artifacts/globs.ts";
import { statOf } from "../artifacts/refusal.ts";
import { UsageError } from "./usage-error.ts";

/**
 * What the matches of a glob look like below its first wildcard; undefined for a path without wildcards. Throws a `SyntaxError` for
 * what is no glob.
 */
export function matchOf(glob: string): RegExp | undefined {
  const { depth, regex } = containerGlob({ pattern: glob, isExclusion: false });
  if (depth === 0) return undefined;
  // A bracket that comes first in a bracket expression stands for itself (POSIX ERE), which JavaScript has to be told.
  const source = regex.replace(/\[(\^?)\]([^\]]*)\]/g, "[$1\\]$2]");
  return new RegExp(`^(?:${source})$`, "su");
}

/**
 * Throws a `UsageError` when something stands at or below `from` that none of these globs of it asks for, or when nothing stands there: the
 * container has packed it, and may be hostile. So a glob of reports brings no `.bashrc`.
 */
export function checkSent(from: string, globs: readonly string[]): void {
  const found = statOf(from);
  if (found === undefined) throw new UsageError(`The container has sent nothing for :${globs.join(", :")}.`);
  const asked = globs.map((glob) => matchOf(glob));
  if (asked.includes(undefined)) return;
  checkBelow(from, found, (path) => {
    const name = relative(from, path).split(sep).join("/");
    if (asked.some((match) => match?.test(name) === true)) return;
    throw new UsageError(
      `The container has sent ${JSON.stringify(name)}, which :${globs.join(" and :")} did not ask for, so nothing was copied.`,
    );
  });
}

/** Directories only lead to matches. */
function checkBelow(path: string, found: Stats | undefined, check: (path: string) => void): void {
  if (found?.isDirectory() !== true) check(path);
  else for (const name of readdirSync(path)) checkBelow(join(path, name), statOf(join(path, name)), check);
}
