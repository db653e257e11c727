import type { Dirent, PathLike, readdir } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { glob } from "tinyglobby";
import type { Clock } from "../../clock.ts";
import { LinkError } from "./directory.ts";
import type { Way } from "./way.ts";

/** The library of globs takes this for the workspace, and gets each listing from us. */
const ROOT = resolve("/");

type ListDirectory = (
  path: PathLike,
  options: { readonly withFileTypes: true },
  done: (error: Error | null, found: Dirent[]) => void,
) => void;

/**
 * The paths beneath the root that these globs match. Links are neither followed nor left out: a glob that names one on its way itself calls
 * `onLink` with the link's path. Names that begin with a dot match wildcards; `.gitignore` is not applied. The library matches by expressions of
 * JavaScript, whose time a hostile name could multiply: so this is for names of the user only, in no case for those that a container has chosen.
 */
export async function matchesOf(
  globs: string | readonly string[],
  way: Way,
  {
    ignore = [],
    onLink = () => undefined,
    clock,
  }: {
    readonly ignore?: readonly string[];
    readonly onLink?: (path: string, error: LinkError) => void;
    readonly clock: Pick<Clock, "turn">;
  },
): Promise<readonly string[]> {
  const options = { dot: true, onlyFiles: false, expandDirectories: false, followSymbolicLinks: false };
  const list = depthFirst(clock, (path, done) => {
    const names = relative(ROOT, path)
      .split(sep)
      .filter((name) => name !== "");
    try {
      done(null, listWithLinksAsFiles(way, names));
    } catch (error) {
      if (error instanceof LinkError) onLink(names.join("/"), error);
      done(error as Error, []);
    }
  });
  const fs = { readdir: list as unknown as typeof readdir };
  const found = await glob(globs, { ...options, ignore, fs, cwd: ROOT });
  return found.map((path) => path.replace(/\/$/, "")).filter((path) => path !== "" && path !== ".");
}

/**
 * The library asks for all directories of a level before those below it. Each is listed before those that were asked for earlier, so a way
 * opens each directory once.
 */
function depthFirst(
  clock: Pick<Clock, "turn">,
  list: (path: string, done: Parameters<ListDirectory>[2]) => void,
): ListDirectory {
  const waiting: (() => void)[] = [];
  let isListing = false;
  return (path, _, done) => {
    waiting.push(() => list(String(path), done));
    if (isListing) return;
    isListing = true;
    void (async () => {
      while (waiting.length > 0) {
        await clock.turn(); // not at once: the library would call itself for each level of the tree
        waiting.pop()?.();
      }
      isListing = false;
    })();
  };
}

/** The library passes over links that it may not follow, so it gets them as files. */
function listWithLinksAsFiles(way: Way, names: readonly string[]): Dirent[] {
  const found = way.enter(names).list();
  for (const each of found)
    if (each.isSymbolicLink()) Object.assign(each, { isSymbolicLink: () => false, isFile: () => true });
  return found;
}
