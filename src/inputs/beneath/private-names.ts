/** HFS+ ignores these characters (unicode.org, Default_Ignorable_Code_Point), so that a name may be `.git` there although it has more of them. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
/** The name as HFS+ compares it, but for case. */
export const plainName = (name: string): string => name.replace(IGNORED, "");

/** Names of files and directories that often hold secrets: `actions/checkout` leaves a token in `.git`, and `.env` files are made for secrets. */
export const PRIVATE_NAMES = [
  { glob: ".git", isName: (name: string) => /^\.git$/i.test(plainName(name)), isNamed: /(^|\/)\.git($|\/)/i },
  { glob: ".env*", isName: (name: string) => /^\.env/i.test(plainName(name)), isNamed: /(^|\/)\.env/i },
] as const;

/**
 * Whether a name may be private: it begins with a dot. On Windows it may also be the short name (8.3) of one that does: `.git` is `GIT~1` there, and a hash may
 * stand in the place of letters (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
 */
export function isHidden(name: string, platform: NodeJS.Platform = process.platform): boolean {
  return (
    plainName(name).startsWith(".") || (platform === "win32" && /^[^.]{1,6}~\d+(\.[^.]{0,3})?$/.test(name))
  );
}
