import { isHidden, PRIVATE_NAMES } from "./beneath/private-names.ts";
import { type ArtifactGlob, containerGlob } from "./container-glob.ts";
import { globMatcher, pathNames, type PathNames } from "./glob-matcher.ts";

/**
 * Tells the paths that a glob matches, from its first wildcard on; undefined for a path without wildcards. Throws a `SyntaxError` for
 * what is no glob.
 */
export function matchOf(glob: string): ((path: string) => boolean) | undefined {
  const { depth, wild } = containerGlob({ pattern: glob, isExclusion: false });
  if (depth === 0) return undefined;
  const matches = globMatcher(wild);
  return (path) => matches(pathNames(path));
}

/**
 * Tells the names that begin with a dot and that a glob has: a part of it is this name, or begins with a dot and matches it. `.git` and `.env*` have to be
 * written out.
 */
export function namedBy(glob: string): (name: string) => boolean {
  const parts = glob.split("/");
  const wild = parts.filter((part) => part.startsWith(".") && /[*?[]/.test(part)).map(wildPart);
  return (name) => {
    if (parts.includes(name)) return true;
    if (wild.length === 0) return false;
    const written = PRIVATE_NAMES.filter((each) => each.isName(name));
    return wild.some(
      ({ part, matches }) => written.every(({ isNamed }) => isNamed.test(part)) && matches(name),
    );
  };
}

function wildPart(part: string): { readonly part: string; readonly matches: (name: string) => boolean } {
  try {
    return { part, matches: matchOf(part) ?? (() => false) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { part, matches: () => false };
  }
}

/** What becomes of a member of the archive. */
export type Asked =
  | "asked"
  /** No line can have selected it. */
  | "unasked"
  /** One of its names begins with a dot, and no line that selects it has that name. */
  | "unnamed"
  /** A line that begins with `!` leaves it out. */
  | "excluded";

export interface AskedOptions {
  readonly globs: readonly ArtifactGlob[];
  /** Whether a line without wildcards names all that is below it, other than `.git` and `.env*`. */
  readonly pathsNameHidden?: boolean | undefined;
  readonly platform: NodeJS.Platform;
}

interface Line {
  readonly selects: (path: MemberPath) => boolean;
  readonly names: (name: string) => boolean;
  readonly isAbsolute: boolean;
}

/** Judges the members of an archive of artifacts, which the container has packed and may have forged, by the lines of the input. */
export class AskedNames {
  readonly #lines: readonly Line[];
  readonly #exclusions: readonly Exclusion[];
  readonly #platform: NodeJS.Platform;

  constructor({ globs, pathsNameHidden = false, platform }: AskedOptions) {
    this.#lines = globs
      .filter(({ isExclusion }) => !isExclusion)
      .map((glob) => lineOf(glob, pathsNameHidden));
    this.#exclusions = globs.filter(({ isExclusion }) => isExclusion).map((glob) => new Exclusion(glob));
    this.#platform = platform;
  }

  judge(names: readonly string[]): Asked {
    const path = new MemberPath(names);
    const selecting = this.#lines.filter(({ selects }) => selects(path));
    if (selecting.length === 0) return "unasked";
    const left = selecting.filter(
      ({ isAbsolute }) => !this.#exclusions.some((each) => each.leavesOut(path, isAbsolute)),
    );
    if (left.length === 0) return "excluded";
    return this.#areNamed(names, left) ? "asked" : "unnamed";
  }

  /** Whether a link may lead to these names. */
  mayLeadTo(names: readonly string[]): boolean {
    return this.#areNamed(names, this.#lines);
  }

  #areNamed(names: readonly string[], lines: readonly Line[]): boolean {
    return names.every((name) => !isHidden(name, this.#platform) || lines.some((line) => line.names(name)));
  }
}

function lineOf(glob: ArtifactGlob, pathsNameHidden: boolean): Line {
  const { pattern } = glob;
  const { matchers, isAbsolute } = new PathGlob(glob);
  const named = namedBy(pattern);
  const namesAll = pathsNameHidden && pattern !== "." && !/[*?[]/.test(pattern);
  return {
    isAbsolute,
    selects: (path) => matchers.some((matches) => matches(path)),
    names: (name) => named(name) || (namesAll && !PRIVATE_NAMES.some(({ isName }) => isName(name))),
  };
}

/** A line that begins with `!`. */
class Exclusion {
  readonly #glob: PathGlob;
  /** It leaves out what any line selects, whether the two are relative or absolute: no directory comes before its `**`. */
  readonly #isAnywhere: boolean;

  constructor(glob: ArtifactGlob) {
    this.#glob = new PathGlob(glob);
    const { base, wild } = containerGlob(glob);
    this.#isAnywhere = (base === "" || base === "/") && wild[0] === "**";
  }

  /** Whether no tool of an image can have packed this path for a line that is absolute or relative. Where relative paths begin is not known here. */
  leavesOut(path: MemberPath, isAbsolute: boolean): boolean {
    if (!this.#isAnywhere && isAbsolute !== this.#glob.isAbsolute) return false;
    return this.#glob.matchers.every((matches) => matches(path));
  }
}

/** The path of a member. In an archive an absolute path has no slash at its beginning. */
class MemberPath {
  readonly names: readonly string[];
  readonly #chars: PathNames;
  /** The awk of some images takes each byte for a character, so that `??` is an `é`. */
  readonly #bytes: PathNames;

  constructor(names: readonly string[]) {
    const path = names.join("/");
    const bytes = bytesOf(path);
    this.names = names;
    this.#chars = pathNames(path);
    this.#bytes = bytes === path ? this.#chars : pathNames(bytes);
  }

  /** What is below these names: by its characters and by its bytes. Undefined for a path that is elsewhere. */
  below(above: readonly string[]): { readonly chars: PathNames; readonly bytes: PathNames } | undefined {
    if (above.some((name, i) => name !== this.names[i])) return undefined;
    return { chars: this.#chars.slice(above.length), bytes: this.#bytes.slice(above.length) };
  }
}

/** How a glob matches members: by characters, and by bytes where that is another way and the glob can be read so. */
class PathGlob {
  readonly isAbsolute: boolean;
  readonly matchers: readonly ((path: MemberPath) => boolean)[];

  constructor(glob: ArtifactGlob) {
    const { base, wild } = containerGlob(glob);
    const above = base.split("/").filter((name) => name !== "");
    this.isAbsolute = glob.pattern.startsWith("/");
    this.matchers = (["chars", "bytes"] as const).flatMap((unit) => {
      const matches = matcherFor(wild, unit);
      if (matches === undefined) return [];
      return (path: MemberPath) => {
        const below = path.below(above);
        return below !== undefined && matches(below[unit]);
      };
    });
  }
}

function matcherFor(
  wild: readonly string[],
  unit: "chars" | "bytes",
): ((path: PathNames) => boolean) | undefined {
  if (unit === "chars") return globMatcher(wild);
  try {
    return globMatcher(wild.map(bytesOf));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a range that bytes don't have
    throw error;
  }
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}
