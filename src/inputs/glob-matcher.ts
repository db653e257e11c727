import { BRACKETS } from "./container-glob.ts";

/** A part of a glob. It takes one character that it matches, or as many as there are (`repeats`). */
interface Part {
  readonly matches: (character: string) => boolean;
  readonly repeats: boolean;
  /** The index of the part that may come in the place of this one. */
  readonly skipsTo?: number;
}

/** Takes nothing: the next part, or the one that it skips to. */
const fork = (skipsTo: number): Part => ({ matches: () => false, repeats: true, skipsTo });

const any = (): boolean => true;
const inName = (character: string): boolean => character !== "/";
const isSlash = (character: string): boolean => character === "/";

/**
 * Whether a path below the base of a glob matches these names of the glob, as the expression of `containerGlob` says. It takes time in
 * proportion to the path and the glob, whatever they are: an expression of JavaScript tries each `*` at each character, and a hostile
 * container chooses the path. Throws a `SyntaxError` for a bracket expression that is none, such as `[z-a]`.
 */
export function globMatcher(names: readonly string[]): (path: string) => boolean {
  const parts = partsOf(names);
  return (path) => {
    let states = reached(parts, [0]);
    for (const character of path) {
      const next: number[] = [];
      for (const at of states) {
        const part = parts[at];
        if (part?.matches(character) === true) next.push(part.repeats ? at : at + 1);
      }
      if (next.length === 0) return false;
      states = reached(parts, next);
    }
    return states.has(parts.length);
  };
}

/** The indices of the parts that may come next, those behind parts that may be left out among them. */
function reached(parts: readonly Part[], from: readonly number[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    const part = parts[at];
    if (part?.repeats === true) open.push(at + 1);
    if (part?.skipsTo !== undefined) open.push(part.skipsTo);
  }
  return found;
}

function partsOf(names: readonly string[]): readonly Part[] {
  const parts: Part[] = [];
  const slash: Part = { matches: isSlash, repeats: false };
  names.forEach((name, i) => {
    const isLast = i === names.length - 1;
    if (name === "**" && isLast) parts.push({ matches: any, repeats: true });
    else if (name === "**") parts.push(fork(parts.length + 3), { matches: any, repeats: true }, slash);
    else {
      parts.push(...partsOfName(name));
      // A directory that it matches comes with all that is below it.
      if (isLast) parts.push({ ...slash, skipsTo: parts.length + 2 }, { matches: any, repeats: true });
      else parts.push(slash);
    }
  });
  return parts;
}

const PARTS = new RegExp(`${BRACKETS.source}|\\*+|[^]`, "gu");

function partsOfName(name: string): readonly Part[] {
  if (/^\*+$/.test(name))
    return [
      { matches: inName, repeats: false },
      { matches: inName, repeats: true },
    ];
  return (name.match(PARTS) ?? []).map((part) => {
    if (part.startsWith("*")) return { matches: inName, repeats: true };
    if (part === "?") return { matches: inName, repeats: false };
    if (part.length === 1 || !part.startsWith("["))
      return { matches: (character) => character === part, repeats: false };
    const [, not = "", first = "", rest = ""] = /^\[([!^]?)(\]?)([^]*)\]$/u.exec(part) ?? [];
    const set = new RegExp(`^[${not && "^"}${first && "\\]"}${rest}]$`, "su");
    return { matches: (character) => set.test(character), repeats: false };
  });
}
