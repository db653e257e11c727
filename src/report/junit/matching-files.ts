import type { Dirent } from "node:fs";
import { type Directory, LinkError } from "../../inputs/beneath/directory.ts";
import { GlobMatcher, type GlobProgress } from "../../inputs/glob-matcher.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { codeOf } from "../../values.ts";

/** What the globs match in a directory. */
export interface MatchingFiles {
  /** The paths of the files, each once, from the directory. */
  readonly paths: readonly string[];
  /** The globs that match no file. */
  readonly unmatched: readonly string[];
  /** Why directories in which a glob may match could not be listed. */
  readonly unlisted: readonly string[];
}

/** One glob in a walk. */
interface Search {
  readonly pattern: string;
  readonly glob: GlobMatcher;
  hasMatch: boolean;
}

/** A glob that may match something below the directory that the walk is in. */
type Candidate = readonly [search: Search, progress: GlobProgress];

interface Found {
  readonly paths: string[];
  readonly unlisted: string[];
}

export interface SearchContext {
  readonly clock: Pick<Clock, "turn">;
  /** Ends the search. */
  readonly signal: AbortSignal;
}

/** A directory of the walk. */
interface Level {
  readonly directory: Directory;
  /** Its path from the root, with a slash at its end; empty for the root. */
  readonly prefix: string;
  readonly candidates: readonly Candidate[];
}

/**
 * Finds the regular files beneath a directory that these globs match. A container may have chosen the names, so the time is at most in proportion
 * to the names times the globs, and the process takes a turn at each name: for a signal, after which the search ends with what it has found. Only
 * directories in which a glob can match are opened, and no link is followed. Names that begin with a dot match wildcards.
 */
export async function matchingFiles(
  globs: readonly string[],
  root: Directory,
  context: SearchContext,
): Promise<MatchingFiles> {
  const searches = globs.map((pattern) => ({
    ...{ pattern, hasMatch: false },
    glob: new GlobMatcher(pattern.split("/")),
  }));
  const found: Found = { paths: [], unlisted: [] };
  const candidates = searches.map((search) => [search, search.glob.begin] as const);
  await searchIn({ directory: root, prefix: "", candidates }, found, context);
  const unmatched = searches.filter(({ hasMatch }) => !hasMatch).map(({ pattern }) => pattern);
  return { ...found, unmatched };
}

/** Adds what is in a directory, and in those below it. */
async function searchIn(level: Level, found: Found, context: SearchContext): Promise<void> {
  const { directory, prefix, candidates } = level;
  for (const entry of list(level, found)) {
    await context.clock.turn();
    if (context.signal.aborted) return;
    if (!entry.isDirectory() && !entry.isFile()) continue;
    const name = Array.from(entry.name);
    const left: Candidate[] = [];
    for (const [search, progress] of candidates) {
      const after = search.glob.after(progress, name);
      if (after.length > 0) left.push([search, after]);
    }
    if (entry.isFile()) {
      const matching = left.filter(([{ glob }, progress]) => glob.isMatch(progress));
      for (const [search] of matching) search.hasMatch = true;
      if (matching.length > 0) found.paths.push(prefix + entry.name);
    } else if (left.length > 0) {
      const below = openBelow(directory, entry.name, found);
      if (below === undefined) continue;
      try {
        const here = { directory: below, prefix: `${prefix}${entry.name}/`, candidates: left };
        await searchIn(here, found, context);
      } finally {
        below.close();
      }
    }
  }
}

function list({ directory }: Level, { unlisted }: Found): readonly Dirent[] {
  try {
    return directory.list();
  } catch (error) {
    unlisted.push(messageOf(error));
    return [];
  }
}

/** Undefined for what can't be opened, or has stopped being a directory since it was listed. */
function openBelow(directory: Directory, name: string, { unlisted }: Found): Directory | undefined {
  try {
    return directory.openDirectory(name);
  } catch (error) {
    const code = codeOf(error);
    if (!(error instanceof LinkError) && code !== "ENOENT" && code !== "ENOTDIR")
      unlisted.push(messageOf(error));
    return undefined;
  }
}
