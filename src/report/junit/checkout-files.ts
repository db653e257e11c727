import { closeSync, type Dirent, readFileSync } from "node:fs";
import { posix } from "node:path";
import type { Clock } from "../../clock.ts";
import { namesIn, type Way } from "../../inputs/beneath/way.ts";
import type { Location } from "./locations.ts";

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

/** Paths in the workspace, split into their names, by the name of the file. */
type Paths = ReadonlyMap<string, readonly (readonly string[])[]>;

/** The most directories that are searched. A directory of 20 entries takes some 0.1 ms. */
const MOST_DIRECTORIES = 20_000;
/** The search lets other things go on after so many directories. */
const TURN_EVERY = 20;
const PASSED_OVER: ReadonlySet<string> = new Set([".git", "node_modules", ".venv"]);

/**
 * The files of a workspace that paths in a container may stand for. The container has the checkout, or a part of it, in another directory. So
 * a path stands for the file with which it shares the longest end. When several files share as much, it stands for no file.
 */
export class CheckoutFiles {
  readonly #workspace: Way | undefined;
  readonly #paths: Paths;
  /** How many lines the files have that were looked at. */
  readonly #lines = new Map<string, number>();

  private constructor(workspace: Way | undefined, paths: Paths) {
    this.#workspace = workspace;
    this.#paths = paths;
  }

  /**
   * Looks for files with the names of these locations beneath the workspace. Follows no link, and passes over `except`, a path from the root of the workspace.
   * What can't be read is passed over, too. After `signal` no more directories are opened.
   */
  static async search(
    workspace: Way | undefined,
    except: string,
    locations: readonly Location[],
    { clock, signal }: { readonly clock: Pick<Clock, "turn">; readonly signal: AbortSignal },
  ): Promise<CheckoutFiles> {
    const wanted = new Set(locations.flatMap(({ path }) => path.slice(-1)));
    const paths = new Map<string, (readonly string[])[]>();
    // The last one that was found comes first, so that a way opens each directory once.
    const waiting = wanted.size === 0 ? [] : [""];
    for (let searched = 0; searched < MOST_DIRECTORIES; searched += 1) {
      if (searched % TURN_EVERY === 0) await clock.turn(); // for a signal of the runner, and for what else goes on
      const directory = waiting.pop();
      if (directory === undefined || signal.aborted) break;
      for (const entry of list(workspace, directory)) {
        const path = posix.join(directory, entry.name);
        if (entry.isDirectory() && !PASSED_OVER.has(entry.name) && path !== except) waiting.push(path);
        if (!entry.isFile() || !wanted.has(entry.name)) continue;
        const known = paths.get(entry.name);
        if (known === undefined) paths.set(entry.name, [path.split("/")]);
        else known.push(path.split("/"));
      }
    }
    return new CheckoutFiles(workspace, paths);
  }

  /** The line of the first of these locations that is surely in the workspace, else of the first that may be; undefined when none is. */
  lineOf(locations: readonly Location[]): CheckoutLine | undefined {
    const matches = locations.flatMap((location) => this.#match(location) ?? []);
    const best = matches.find(({ isSure }) => isSure) ?? matches[0];
    return best && { file: best.file, line: best.line };
  }

  #match({ path, line = 1, isWhole }: Location): Match | undefined {
    const found = (this.#paths.get(path.at(-1) ?? "") ?? []).map((names) => ({
      ...{ file: names.join("/"), names },
      length: commonEnd(names, path),
    }));
    const longest = Math.max(0, ...found.map(({ length }) => length));
    const [best, ...others] = found.filter(({ length }) => length === longest);
    if (best === undefined || others.length > 0 || (isWhole && longest < path.length)) return undefined;
    const { file, names } = best;
    if (line > this.#linesOf(file)) return undefined;
    return { file, line, isSure: longest > 1 || names.length === 1 };
  }

  #linesOf(file: string): number {
    const lines = this.#lines.get(file) ?? countLines(this.#workspace, file);
    this.#lines.set(file, lines);
    return lines;
  }
}

/** The lines of a file, with the one behind the last line's end; 0 when it can't be read. */
function countLines(workspace: Way | undefined, path: string): number {
  try {
    const names = namesIn(path);
    const file = workspace?.enter(names.slice(0, -1)).openFile(names.at(-1) ?? "");
    if (file === undefined) return 0;
    try {
      return readFileSync(file, "latin1").split("\n").length;
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

/** How many names at the end of the two paths are the same. */
function commonEnd(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  return length;
}
