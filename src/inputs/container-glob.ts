/** A line of `artifacts`. */
export interface ArtifactGlob {
  /** A path of the container, in which a name may have wildcards. Normalised, without a slash at its end. */
  readonly pattern: string;
  /** True when what the glob matches is left out. */
  readonly isExclusion: boolean;
}

/**
 * A glob as the container takes it: the paths below `base` that its regular expression matches. Python and
 * awk can both read the expression (POSIX ERE). It has to match the whole path below the base.
 */
export interface ContainerGlob {
  readonly isExclusion: boolean;
  /** A path without wildcards, relative to the working directory unless it begins with a slash. Empty: that directory. */
  readonly base: string;
  /** How many names the path of a match has below the base; undefined for any number. */
  readonly depth: number | undefined;
  readonly regex: string;
  /** The names that the expression stands for, from the first one with a wildcard on. */
  readonly wild: readonly string[];
}

/**
 * The same expression for JavaScript. Throws a `SyntaxError` for one that is no expression, such as `[z-a]`: neither Python nor awk
 * takes it then.
 */
export function regExpOf({ regex }: Pick<ContainerGlob, "regex">): RegExp {
  // A `]` that comes first in a bracket expression stands for itself (POSIX ERE). In JavaScript it has to be escaped.
  const source = regex.replace(/\[(\^?)\]([^\]]*)\]/g, "[$1\\]$2]");
  return new RegExp(`^(?:${source})$`, "su");
}

const ALL_BELOW = "(/.*)?";

/** Splits a glob at its first wildcard. A directory that it matches comes with all that is below it. */
export function containerGlob({ pattern, isExclusion }: ArtifactGlob): ContainerGlob {
  const names = pattern.split("/");
  const first = names.findIndex((name) => /[*?[]/.test(name));
  if (first < 0)
    return { isExclusion, base: pattern === "." ? "" : pattern, depth: 0, regex: ".*", wild: ["**"] };
  const wild = names.slice(first);
  return {
    isExclusion,
    base: names.slice(0, first).join("/") || (pattern.startsWith("/") ? "/" : ""),
    depth: wild.includes("**") ? undefined : wild.length,
    regex: expressionOf(wild),
    wild,
  };
}

function expressionOf(names: readonly string[]): string {
  const last = names.length - 1;
  return names
    .map((name, i) => {
      if (name === "**") return i === last ? ".*" : "(.*/)?";
      return nameExpression(name) + (i === last ? ALL_BELOW : "/");
    })
    .join("");
}

/** A bracket expression. Its first character may be a `]`, and it has one at least, so `[]` and `[!]` are plain text. */
export const BRACKETS = /\[[!^]?\][^\]]*\]|\[[!^]?[^\]!^][^\]]*\]|\[[!^][^\]]+\]/;
const PARTS = new RegExp(`${BRACKETS.source}|\\*+|[^]`, "gu");

function nameExpression(name: string): string {
  if (/^\*+$/.test(name)) return "[^/]+";
  return name.replace(PARTS, (part) => {
    if (part.startsWith("*")) return "[^/]*";
    if (part === "?") return "[^/]";
    // No bracket expression of a glob takes a slash. A hyphen stands for itself at the end only.
    if (part.length > 1 && part.startsWith("[")) return part.replace(/^\[[!^](.*?)(-?)\]$/su, "[^$1/$2]");
    return /[.+(){}|$\]]/.test(part) ? `[${part}]` : /[\^[]/.test(part) ? `\\${part}` : part;
  });
}
