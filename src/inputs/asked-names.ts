import { PRIVATE_NAMES } from "../beneath/private-names.ts";
import { containerGlob, regExpOf } from "./container-glob.ts";
import type { ArtifactGlob } from "./inputs.ts";

/**
 * An expression for the paths that a glob matches, from its first wildcard on; undefined for a path without wildcards. Throws a
 * `SyntaxError` for what is no glob.
 */
export function matchOf(glob: string): RegExp | undefined {
  const asked = containerGlob({ pattern: glob, isExclusion: false });
  return asked.depth === 0 ? undefined : regExpOf(asked);
}

/** Whether a glob has a name with a dot at its beginning that matches this one. `.git` and `.env*` have to be written out. */
export function isNamed(name: string, globs: readonly string[]): boolean {
  const ofPrivate = PRIVATE_NAMES.filter((each) => each.isName(name));
  return globs
    .flatMap((glob) => glob.split("/"))
    .filter((part) => part.startsWith(".") && ofPrivate.every((each) => each.isNamed.test(part)))
    .some((part) => part === name || matchOf(part)?.test(name) === true);
}

/** What becomes of a member of the archive: `unasked` when no glob can have selected it, `unnamed` when one of its names begins with a dot and no such glob has it. */
export type Asked = "asked" | "unasked" | "unnamed";

/**
 * Judges the members of an archive of artifacts, which the container has packed and may have forged, by the lines of the input. Without lines, as in a step that
 * attaches, each member counts as selected, and none as named.
 */
export class AskedNames {
  readonly #globs: readonly { readonly pattern: string; readonly selects: (path: string) => boolean }[];
  readonly #isAnyAsked: boolean;

  constructor(globs: readonly ArtifactGlob[] | undefined) {
    this.#isAnyAsked = globs === undefined;
    this.#globs = (globs ?? [])
      .filter(({ isExclusion }) => !isExclusion)
      .map((glob) => ({ pattern: glob.pattern, selects: selector(glob) }));
  }

  judge(names: readonly string[]): Asked {
    const path = names.join("/");
    const selecting = this.#globs.filter(({ selects }) => selects(path));
    if (selecting.length === 0 && !this.#isAnyAsked) return "unasked";
    return this.#areNamed(
      names,
      selecting.map(({ pattern }) => pattern),
    )
      ? "asked"
      : "unnamed";
  }

  /** Whether a link may lead to these names. */
  mayLeadTo(names: readonly string[]): boolean {
    return this.#areNamed(
      names,
      this.#globs.map(({ pattern }) => pattern),
    );
  }

  #areNamed(names: readonly string[], patterns: readonly string[]): boolean {
    return names.every((name) => !name.startsWith(".") || isNamed(name, patterns));
  }
}

/** In an archive an absolute path has no slash at its beginning. */
function selector(glob: ArtifactGlob): (path: string) => boolean {
  const { base, regex } = containerGlob(glob);
  const above = base.replace(/^\//, "");
  const matches = matcher(regex);
  return (path) => {
    if (above === "" || path === above) return matches(above === "" ? path : "");
    return path.startsWith(`${above}/`) && matches(path.slice(above.length + 1));
  };
}

/** The awk of some images takes each byte for a character, so that `??` is an `é`. */
function matcher(regex: string): (text: string) => boolean {
  const chars = regExpOf({ regex });
  let bytes: RegExp | undefined;
  try {
    bytes = regExpOf({ regex: bytesOf(regex) });
  } catch {
    bytes = undefined; // a range that bytes don't have
  }
  return (text) => chars.test(text) || bytes?.test(bytesOf(text)) === true;
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}
