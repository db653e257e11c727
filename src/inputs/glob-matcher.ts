import { BRACKETS } from "./container-glob.ts";

/** The names of a path, each as its characters. */
export type PathNames = readonly (readonly string[])[];

export function pathNames(path: string): PathNames {
  return path.split("/").map((name) => Array.from(name));
}

/** Whether a glob takes this item: a character of a name, or a name of a path. */
type Takes<Item> = (item: Item) => boolean;
/** What stands between the wildcards that take any number of items: one of these runs takes as many items as it has members. */
type Runs<Item> = readonly (readonly Takes<Item>[])[];

const anyItem = (): boolean => true;

/**
 * Whether a path below the base of a glob matches these names of the glob, as the expression of `containerGlob` says. Its time is at most in
 * proportion to the path times the glob, whatever they are: an expression of JavaScript tries each `*` at each character, and a hostile
 * container chooses the path. Throws a `SyntaxError` for a bracket expression that is none, such as `[z-a]`.
 */
export function globMatcher(names: readonly string[]): (path: PathNames) => boolean {
  const runs = split(names, (name) => name === "**").map((run) => run.map(nameMatcher));
  // What is below a match comes with it, but the match itself doesn't come with what `**` finds below it.
  if (names.at(-1) !== "**") runs.push([]);
  else if (names.some((name) => name !== "**")) runs.at(-2)?.push(anyItem);
  return (path) => matches(runs, path);
}

function nameMatcher(name: string): Takes<readonly string[]> {
  if (/^\*+$/.test(name)) return (characters) => characters.length > 0;
  const runs = split(name.match(PARTS) ?? [], (part) => part.startsWith("*")).map((run) =>
    run.map(characterMatcher),
  );
  return (characters) => matches(runs, characters);
}

const PARTS = new RegExp(`${BRACKETS.source}|\\*+|[^]`, "gu");

function characterMatcher(part: string): Takes<string> {
  if (part === "?") return anyItem;
  const [, not = "", first = "", rest = ""] = /^\[([!^]?)(\]?)([^]*)\]$/u.exec(part) ?? [];
  if (first + rest === "") return (character) => character === part;
  const set = new RegExp(`^[${not && "^"}${first && "\\]"}${rest}]$`, "su");
  return (character) => set.test(character);
}

/** Splits a list at what separates it. */
function split<T>(list: readonly T[], separates: (item: T) => boolean): T[][] {
  const runs: T[][] = [[]];
  for (const item of list)
    if (separates(item)) runs.push([]);
    else runs.at(-1)?.push(item);
  return runs;
}

/** The first run has to begin the items, the last one has to end them, and each other one may stand as far to the left as it can. */
function matches<Item>(runs: Runs<Item>, items: readonly Item[]): boolean {
  const [first = [], ...others] = runs;
  if (!takes(first, items, 0)) return false;
  const last = others.pop();
  if (last === undefined) return items.length === first.length;
  let at = first.length;
  for (const run of others) {
    while (at + run.length <= items.length && !takes(run, items, at)) at += 1;
    at += run.length;
  }
  return items.length - last.length >= at && takes(last, items, items.length - last.length);
}

function takes<Item>(run: readonly Takes<Item>[], items: readonly Item[], at: number): boolean {
  if (at + run.length > items.length) return false;
  for (const [i, take] of run.entries()) if (!take(items[at + i] as Item)) return false;
  return true;
}
