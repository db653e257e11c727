import { isHidden, PRIVATE_NAMES } from "../../inputs/beneath/private-names.ts";
import { namedBy } from "../../inputs/asked-names.ts";

/** Tells of a path how far it leads to its first name that may be private and that the line does not name; undefined when it has none. */
export type PrivatePart = (path: string) => string | undefined;

/**
 * A glob names what a part of it matches that begins with a dot itself, and `.git` and `.env*` only when they are written out. So `.`, `conf` and `**` name
 * nothing. The pattern is one alternative of the braces in its line: another one may name what this one must not bring. A path (`isPath`), which a person
 * gives to be copied with all that it holds, names everything but `.git` and `.env*`.
 */
export function privatePart(pattern: string, { isPath }: { readonly isPath: boolean }): PrivatePart {
  const named = namedBy(pattern);
  const isPrivate = (name: string): boolean =>
    isPath ? PRIVATE_NAMES.some(({ isName }) => isName(name)) : isHidden(name);
  return (path) => {
    const names = path.split("/");
    const at = names.findIndex((name) => isPrivate(name) && !named(name));
    return at < 0 ? undefined : names.slice(0, at + 1).join("/");
  };
}
