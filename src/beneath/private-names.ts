/** Names of files and directories that often hold secrets: `actions/checkout` leaves a token in `.git`, and `.env` files are made for secrets. */
export const PRIVATE_NAMES = [
  { glob: ".git", isName: (name: string) => /^\.git$/i.test(name), isNamed: /(^|\/)\.git($|\/)/i },
  { glob: ".env*", isName: (name: string) => /^\.env/i.test(name), isNamed: /(^|\/)\.env/i },
] as const;

/**
 * The path up to the first name that may hold secrets and that the pattern does not name; undefined when there is none. The patterns `.`
 * and `**` name nothing. The pattern is one alternative of the braces in its line: another one may name what this one must not bring.
 */
export function privatePart(path: string, pattern: string): string | undefined {
  const names = path.split("/");
  const at = names.findIndex((name) =>
    PRIVATE_NAMES.some(({ isName, isNamed }) => isName(name) && !isNamed.test(pattern)),
  );
  return at < 0 ? undefined : names.slice(0, at + 1).join("/");
}
