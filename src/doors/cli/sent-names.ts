import type { Directory } from "../../inputs/beneath/directory.ts";
import { PRIVATE_NAMES } from "../../inputs/beneath/private-names.ts";
import { matchOf, namedBy } from "../../inputs/asked-names.ts";
import { containerGlob } from "../../inputs/container-glob.ts";
import { itemsAt } from "./sent-items.ts";
import { UsageError } from "./usage-error.ts";

/** The lines of `artifacts` that leave `.git` and `.env*` out, where none of the globs has such a name itself. */
export function leaveOutPrivate(globs: readonly string[]): readonly string[] {
  const left = PRIVATE_NAMES.filter(({ isNamed }) => !globs.some((glob) => isNamed.test(glob)));
  const bases = new Set(globs.map((glob) => containerGlob({ pattern: glob, isExclusion: false }).base));
  return [...bases].flatMap((base) => {
    const above = base === "" ? "" : `${base.replace(/\/$/, "")}/`;
    return left.map(({ glob }) => `!${above}**/${glob}`);
  });
}

/**
 * Throws a `UsageError` when nothing stands under this name, or when something at or below it matches none of these globs. The container has packed
 * it and may be hostile: a glob for reports must not bring a `.bashrc`.
 */
export function checkSent(above: Directory, name: string, globs: readonly string[]): void {
  if (above.look(name) === undefined) throw nothingSent(globs);
  const asked = globs.map((glob) => matchOf(glob));
  if (asked.includes(undefined)) return;
  for (const { names, found } of itemsAt(above, name)) {
    const path = names.join("/");
    // A directory only leads to matches.
    if (found.isDirectory() || asked.some((match) => match?.(path) === true)) continue;
    throw new UsageError(
      `The container has sent ${JSON.stringify(path)}, which :${globs.join(" and :")} did not ask for, so nothing was copied.`,
    );
  }
}

export function nothingSent(globs: readonly string[]): UsageError {
  return new UsageError(`The container has sent nothing for :${globs.join(", :")}.`);
}

/**
 * Throws a `UsageError` for a name that begins with a dot and that no glob has: `.git` and `.env*` anywhere, another one where it would come into a directory
 * that is there already. Such a file may decide what a program of this machine runs, as `.git/hooks/pre-commit`, `.bashrc` and `.npmrc` do.
 */
export function checkNamed(
  names: readonly string[],
  globs: readonly string[],
  { isDirectoryThere }: { readonly isDirectoryThere: boolean },
): void {
  const name = names.at(-1) ?? "";
  const isPrivate = PRIVATE_NAMES.some((each) => each.isName(name));
  if (!name.startsWith(".") || (!isPrivate && !isDirectoryThere) || globs.some((glob) => namedBy(glob)(name)))
    return;
  throw new UsageError(
    `The container has sent ${JSON.stringify(names.join("/"))}, and :${globs.join(" and :")} does not name it, so nothing was copied. ` +
      "A name that begins with a dot is copied into a directory of this machine only when the command has it, as in ':/srv/.*'; '.git' and '.env*' have to be written out.",
  );
}
