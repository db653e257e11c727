import { readdirSync, type Stats } from "node:fs";
import { join, relative, sep } from "node:path";
import { containerGlob, regExpOf } from "../inputs/container-glob.ts";
import { statOf } from "../artifacts/refusal.ts";
import { UsageError } from "./usage-error.ts";

/**
 * An expression for the paths that a glob matches, from its first wildcard on; undefined for a path without wildcards. Throws a
 * `SyntaxError` for what is no glob.
 */
export function matchOf(glob: string): RegExp | undefined {
  const asked = containerGlob({ pattern: glob, isExclusion: false });
  return asked.depth === 0 ? undefined : regExpOf(asked);
}

/**
 * Throws a `UsageError` when nothing stands at `from`, or when something at or below it matches none of these globs. The container has packed
 * it and may be hostile: a glob for reports must not bring a `.bashrc`.
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

/** Calls `check` for `path` and all below it, except for directories, which only lead to matches. */
function checkBelow(path: string, found: Stats | undefined, check: (path: string) => void): void {
  if (found?.isDirectory() !== true) check(path);
  else for (const name of readdirSync(path)) checkBelow(join(path, name), statOf(join(path, name)), check);
}
