import { closeSync, type Dirent } from "node:fs";
import { posix } from "node:path";
import { readChunks } from "../../inputs/beneath/read-chunks.ts";
import { namesIn, type Way } from "../../inputs/beneath/way.ts";
import type { Location } from "./locations.ts";
import type { SearchContext } from "./matching-files.ts";

/** A line of a file in the workspace. */
export interface CheckoutLine {
  /** From the root of the workspace. */
  readonly file: string;
  readonly line: number;
}

/** A file that a path in the container may stand for. */
interface Match extends CheckoutLine {
  /** False when the two paths share only the file's name, and the file is in a directory. The path may then be that of another file. */
  readonly isSure: boolean;
}

/** Paths in the workspace that have the same end: the same last names. */
interface PathsByEnd {
  /** How many there are. */
  count: number;
  /** The names of the first one. */
  readonly first: readonly string[];
  /** Those that also have this name before the end. */
  readonly longer: Map<string, PathsByEnd>;
}

/** The most directories that are searched. A directory of 20 entries takes some 0.1 ms. */
export const MOST_DIRECTORIES = 20_000;
/** The search lets other things go on after so many directories. */
const TURN_EVERY = 20;
const LF = 0x0a;
const PASSED_OVER: ReadonlySet<string> = new Set([".git", "node_modules", ".venv"]);

/**
 * The files of a workspace that paths in a container may stand for. The container has the checkout, or a part of it, in another directory. So
 * a path stands for the file with which it shares the longest end. When several files share as much, it stands for no file.
 */
export class CheckoutFiles {
  readonly #workspace: Way | undefined;
  /** False when there are more directories than are searched. Then not all files of a name are known, so no path stands for one. */
  readonly isComplete: boolean;
  /** All that were found: their end is empty. */
  readonly #paths: PathsByEnd;
  /** How many lines the files have that were looked at. */
  readonly #lines = new Map<string, number>();

  private constructor(workspace: Way | undefined, paths: PathsByEnd, isComplete: boolean) {
    this.#workspace = workspace;
    this.#paths = paths;
    this.isComplete = isComplete;
  }

  /**
   * Looks for files with the names of these locations beneath the workspace. Follows no link, and passes over `except`, a path from the root of the workspace.
   * What can't be read is passed over, too. After `signal` no more directories are opened.
   */
  static async search(
    workspace: Way | undefined,
    except: string,
    locations: readonly Location[],
    { clock, signal }: SearchContext,
  ): Promise<CheckoutFiles> {
    const wanted = new Set(locations.flatMap(({ path }) => path.slice(-1)));
    const paths: PathsByEnd = { count: 0, first: [], longer: new Map() };
    // The last one that was found comes first, so that a way opens each directory once.
    const waiting = wanted.size === 0 ? [] : [""];
    for (let searched = 0; searched < MOST_DIRECTORIES; searched += 1) {
      if (searched % TURN_EVERY === 0) await clock.turn(); // for a signal of the runner, and for what else goes on
      const directory = waiting.pop();
      if (directory === undefined || signal.aborted) break;
      for (const entry of list(workspace, directory)) {
        const path = posix.join(directory, entry.name);
        if (entry.isDirectory() && !PASSED_OVER.has(entry.name) && path !== except) waiting.push(path);
        if (entry.isFile() && wanted.has(entry.name)) add(path.split("/"), paths);
      }
    }
    return new CheckoutFiles(workspace, paths, waiting.length === 0 || signal.aborted);
  }

  /**
   * The line of the first of these locations that is surely in the workspace, else of the first that may be; undefined when none is, and
   * after `signal`. Other things go on between two locations.
   */
  async lineOf(locations: readonly Location[], context: SearchContext): Promise<CheckoutLine | undefined> {
    let possible: CheckoutLine | undefined;
    for (const location of locations) {
      await context.clock.turn();
      // A search that was cut short does not know all files of a name.
      if (context.signal.aborted || !this.isComplete) return undefined;
      const match = await this.#match(location, context);
      if (match === undefined) continue;
      const { file, line, isSure } = match;
      if (isSure) return { file, line };
      possible ??= { file, line };
    }
    return possible;
  }

  async #match({ path, line = 1, isWhole }: Location, context: SearchContext): Promise<Match | undefined> {
    let found = this.#paths;
    let shared = 0;
    for (const name of path.toReversed()) {
      const longer = found.longer.get(name);
      if (longer === undefined) break;
      found = longer;
      shared += 1;
    }
    if (shared === 0 || found.count > 1 || (isWhole && shared < path.length)) return undefined;
    const names = found.first;
    const file = names.join("/");
    if (line > (await this.#linesOf(file, context))) return undefined;
    return { file, line, isSure: shared > 1 || names.length === 1 };
  }

  async #linesOf(file: string, context: SearchContext): Promise<number> {
    const lines = this.#lines.get(file) ?? (await countLines(this.#workspace, file, context));
    this.#lines.set(file, lines);
    return lines;
  }
}

/** The lines of a file, with the one behind the last line's end; 0 when it can't be read, and after `signal`. */
async function countLines(
  workspace: Way | undefined,
  path: string,
  { clock, signal }: SearchContext,
): Promise<number> {
  try {
    const names = namesIn(path);
    const file = workspace?.enter(names.slice(0, -1)).openFile(names.at(-1) ?? "");
    if (file === undefined) return 0;
    try {
      let lines = 1;
      for await (const chunk of readChunks(file, clock)) {
        if (signal.aborted) return 0;
        for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) lines += 1;
      }
      return lines;
    } finally {
      closeSync(file);
    }
  } catch {
    return 0;
  }
}

function list(workspace: Way | undefined, directory: string): readonly Dirent[] {
  try {
    return workspace?.enter(namesIn(directory)).list() ?? [];
  } catch {
    return [];
  }
}

/** Adds a path under each of its ends. */
function add(names: readonly string[], paths: PathsByEnd): void {
  let at = paths;
  for (const name of names.toReversed()) {
    const longer = at.longer.get(name) ?? { count: 0, first: names, longer: new Map() };
    at.longer.set(name, longer);
    longer.count += 1;
    at = longer;
  }
}
