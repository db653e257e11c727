import { isHidden, PRIVATE_NAMES } from "../beneath/private-names.ts";
import { containerGlob, regExpOf } from "../inputs/container-glob.ts";

/**
 * The path up to the first name that may be private and that the pattern does not name; undefined when there is none. A pattern names what a
 * part of it matches that begins with a dot itself, and `.git` and `.env*` only when they are written out. So `.` and `**` name nothing. The pattern is one
 * alternative of the braces in its line: another one may name what this one must not bring.
 */
export function privatePart(path: string, pattern: string): string | undefined {
  const names = path.split("/");
  const at = names.findIndex((name) => isHidden(name) && !isNamed(name, pattern));
  return at < 0 ? undefined : names.slice(0, at + 1).join("/");
}

function isNamed(name: string, pattern: string): boolean {
  const secret = PRIVATE_NAMES.find(({ isName }) => isName(name));
  if (secret !== undefined) return secret.isNamed.test(pattern);
  return pattern.split("/").some((part) => part === name || (part.startsWith(".") && matches(part, name)));
}

function matches(part: string, name: string): boolean {
  try {
    return regExpOf(containerGlob({ pattern: part, isExclusion: false })).test(name) && /[*?[]/.test(part);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
