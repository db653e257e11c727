import { BRACKETS } from "./container-glob.ts";

/** The names of a path, each as its characters. */
export type PathNames = readonly (readonly string[])[];

export function pathNames(path: string): PathNames {
  return path.split("/").map((name) => Array.from(name));
}

/** How many parts of a glob the names of a path may have matched so far: each number that is possible. Empty when the glob can't match. */
export type GlobProgress = readonly number[];

/** Whether a part of a glob takes this item: a name of a path, or a character of a name. */
type Takes<Item> = (item: Item) => boolean;
/** What stands between the `*` of a name: one of these runs takes as many characters as it has members. */
type Runs = readonly (readonly Takes<string>[])[];

const anyItem = (): boolean => true;

/**
 * A glob that is compared with a path name by name. A name's time is at most in proportion to its length times the glob's, whatever they are: an
 * expression of JavaScript tries each `*` at each character, and a hostile container chooses the names.
 */
export class GlobMatcher {
  /** Each takes one name; undefined for `**`, which takes any number. */
  readonly #parts: readonly (Takes<readonly string[]> | undefined)[];
  /** The progress before the first name. */
  readonly begin: GlobProgress;

  /**
   * `**` at the end takes what is below the names before it, but not these. With `takesBelow` a match comes with all that is below it. Throws a
   * `SyntaxError` for a bracket expression that is none, such as `[z-a]`.
   */
  constructor(names: readonly string[], { takesBelow = false } = {}) {
    const parts = names.map((name) => (name === "**" ? undefined : nameMatcher(name)));
    if (names.at(-1) !== "**") parts.push(...(takesBelow ? [undefined] : []));
    else if (names.some((name) => name !== "**")) parts.splice(-1, 0, anyItem);
    this.#parts = parts;
    this.begin = [...this.#from(0)];
  }

  /** The progress with one name more. */
  after(progress: GlobProgress, name: readonly string[]): GlobProgress {
    const next = new Set<number>();
    for (const at of progress) {
      if (at === this.#parts.length) continue;
      const takes = this.#parts[at];
      if (takes !== undefined && !takes(name)) continue;
      for (const each of this.#from(takes === undefined ? at : at + 1)) next.add(each);
    }
    return [...next];
  }

  /** Whether the path of this progress matches. */
  isMatch(progress: GlobProgress): boolean {
    return progress.includes(this.#parts.length);
  }

  /** This number of parts, and those that are as good because `**` takes no name, too. */
  *#from(at: number): Generator<number> {
    yield at;
    for (let next = at; next < this.#parts.length && this.#parts[next] === undefined; next += 1)
      yield next + 1;
  }
}

/** Whether a path below the base of a glob matches these names of the glob, as the expression of `containerGlob` says. */
export function globMatcher(names: readonly string[]): (path: PathNames) => boolean {
  const glob = new GlobMatcher(names, { takesBelow: true });
  return (path) => {
    let progress = glob.begin;
    for (const name of path) progress = glob.after(progress, name);
    return glob.isMatch(progress);
  };
}

function nameMatcher(name: string): Takes<readonly string[]> {
  if (/^\*+$/.test(name)) return (characters) => characters.length > 0;
  const runs = runsOf(name.match(PARTS) ?? []);
  return (characters) => matches(runs, characters);
}

const PARTS = new RegExp(`${BRACKETS.source}|\\*+|[^]`, "gu");

function runsOf(parts: readonly string[]): Runs {
  const runs: Takes<string>[][] = [[]];
  for (const part of parts)
    if (part.startsWith("*")) runs.push([]);
    else runs.at(-1)?.push(characterMatcher(part));
  return runs;
}

function characterMatcher(part: string): Takes<string> {
  if (part === "?") return anyItem;
  const [, not = "", first = "", rest = ""] = /^\[([!^]?)(\]?)([^]*)\]$/u.exec(part) ?? [];
  if (first + rest === "") return (character) => character === part;
  const set = new RegExp(`^[${not && "^"}${first && "\\]"}${rest}]$`, "su");
  return (character) => set.test(character);
}

/** The first run has to begin the characters, the last one has to end them, and each other one may stand as far to the left as it can. */
function matches(runs: Runs, characters: readonly string[]): boolean {
  const [first = [], ...others] = runs;
  if (!takes(first, characters, 0)) return false;
  const last = others.pop();
  if (last === undefined) return characters.length === first.length;
  let at = first.length;
  for (const run of others) {
    while (at + run.length <= characters.length && !takes(run, characters, at)) at += 1;
    at += run.length;
  }
  return characters.length - last.length >= at && takes(last, characters, characters.length - last.length);
}

function takes(run: Runs[number], characters: readonly string[], at: number): boolean {
  if (at + run.length > characters.length) return false;
  for (const [i, take] of run.entries()) if (!take(characters[at + i] ?? "")) return false;
  return true;
}
