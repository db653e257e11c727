import { isUtf8 } from "node:buffer";
import { constants, type Dirent, type PathLike, readdir as readdirByCallback } from "node:fs";
import { access, lstat, readdir, readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { glob } from "tinyglobby";
import { badInput, type Failure, messageOf, type WordsForEach } from "../errors.ts";
import type { FileSelection, FileSelections } from "../inputs/inputs.ts";
import { quoteValue } from "../inputs/parse.ts";
import { isRecord } from "../record.ts";
import type { Collection, Entry } from "./entries.ts";
import { type ContainerPath, containerPathOf, type Source, type SourceGlob, sourceOf } from "./patterns.ts";
import { privatePart } from "./private-names.ts";

/** Lists a directory for the library of globs. It passes over links that it may not follow, so it gets them as files. */
const listLinksAsFiles = ((path, options, done) =>
  readdirByCallback(path, options, (error, found) => {
    const links = error === null ? found.filter((each) => each.isSymbolicLink()) : [];
    for (const link of links) Object.assign(link, { isSymbolicLink: () => false, isFile: () => true });
    done(error, found);
  })) as ListDirectory as typeof readdirByCallback;
type ListDirectory = (
  path: PathLike,
  options: { readonly withFileTypes: true },
  done: (error: Error | null, found: Dirent[]) => void,
) => void;

/** How each glob is matched. Links are neither followed nor left out; `.gitignore` is not applied. */
const MATCHING = {
  ...{ dot: true, onlyFiles: false },
  ...{ expandDirectories: false, followSymbolicLinks: false, fs: { readdir: listLinksAsFiles } },
};

/**
 * Finds what the selections bring. A directory brings all that it holds. When two lines bring something to the same path, the later
 * one wins. Fails with `bad-input` for a line that matches nothing, for a link that leads out of what its line brings, and for a device,
 * a socket or a pipe.
 */
export async function collect(
  { selections, exclusions }: FileSelections,
  workspace: string,
): Promise<Collection> {
  const excluded = exclusions.length === 0 ? [] : await glob(exclusions, { ...MATCHING, cwd: workspace });
  const collector = new Collector(workspace, new Set(excluded.map(withoutSlash)));
  for (const selection of selections) await collector.add(selection);
  return collector.collection();
}

type Found = Omit<Entry, "at">;
/** By their paths below the destination, whose own path is empty. */
type Entries = Map<string, Found>;

const PLAIN_DIRECTORY = { source: "", kind: "directory", mode: 0o755, size: 0 } as const;

class Collector {
  readonly #workspace: string;
  readonly #excluded: ReadonlySet<string>;
  /** What goes to each destination. */
  readonly #destinations = new Map<string, Entries>();
  readonly #leftOut = new Set<string>();

  constructor(workspace: string, excluded: ReadonlySet<string>) {
    this.#workspace = workspace;
    this.#excluded = excluded;
  }

  async add(selection: FileSelection): Promise<void> {
    const source = sourceOf(selection);
    const before = this.#leftOut.size;
    let isEmpty = true;
    for (const glob of source.globs)
      for (const match of await this.#matches(glob))
        if (await this.#addTree(match, { ...source, named: glob.pattern }, selection)) isEmpty = false;
    if (!isEmpty) return;
    const why = this.#leftOut.size > before ? ` but ${[...this.#leftOut].slice(before).join(", ")}` : "";
    throw refusedLine(
      "globs that each match something in the workspace",
      `${quoteValue(selection.pattern)}, which matches nothing${why}`,
      {
        workflow:
          "Paths are from the root of the workspace: check it out (actions/checkout), or make the files, before this step. '.git' and '.env*' have to be named.",
        program: "Paths are from the working directory. '.git' and '.env*' have to be named.",
      },
    );
  }

  collection(): Collection {
    const entries = [...this.#destinations.values()].flatMap((found, number) => {
      // A destination that stands for no directory.
      if (!found.has("")) found.set("", { ...PLAIN_DIRECTORY, modified: Math.floor(Date.now() / 1000) });
      // Sort a slash below every character of a name, so that a directory's contents follow it at once.
      const key = (path: string): string => path.replaceAll("/", "\0");
      return [...found]
        .sort(([a], [b]) => (key(a) < key(b) ? -1 : 1))
        .map(([path, entry]) => {
          checkAbove(path, found);
          return { ...entry, at: posix.join(String(number), path) };
        });
    });
    return { entries, destinations: [...this.#destinations.keys()], leftOut: [...this.#leftOut] };
  }

  async #matches({ glob: path, isDynamic, pattern }: SourceGlob): Promise<readonly string[]> {
    if (!isDynamic) return [path];
    const ignore = privatePart(".git", pattern) === undefined ? [] : ["**/.git/**"];
    const found = await glob(path, { ...MATCHING, cwd: this.#workspace, ignore });
    return found.map(withoutSlash).filter((path) => path !== "" && path !== ".");
  }

  /**
   * Adds the file or directory at this path in the workspace, and all below it. False when nothing is there. `source` has the alternative
   * of its braces that the path has matched.
   */
  async #addTree(
    path: string,
    source: Source & { readonly named: string },
    { destination }: Pick<FileSelection, "destination">,
  ): Promise<boolean> {
    const hidden = privatePart(path, source.named);
    if (hidden !== undefined) this.#leftOut.add(hidden);
    if (hidden !== undefined || this.#excluded.has(path)) return false;
    // Without a destination a link keeps its path from the workspace, so it may lead to anything there.
    const entry = await this.#look(path, destination === undefined ? "" : source.base);
    if (entry === undefined) {
      checkEncoding(path);
      return false;
    }
    const to = containerPathOf(path, source, { destination, isFile: entry.kind !== "directory" });
    await this.#put(entry, { ...to, from: path });
    if (entry.kind !== "directory") return true;
    await access(entry.source, constants.R_OK | constants.X_OK).catch((error: unknown) =>
      unread(path, error),
    );
    for (const name of await readdir(entry.source))
      await this.#addTree(posix.join(path, name), source, { destination });
    return true;
  }

  /** Adds an entry, after the directories that lead to it. `base` is the directory that the destination stands for; empty for none. */
  async #put(
    entry: Found,
    { destination, path, from, base }: ContainerPath & { readonly from: string },
  ): Promise<void> {
    const entries = this.#destinations.get(destination) ?? new Map<string, Found>();
    this.#destinations.set(destination, entries);
    const [above, fromAbove] = [directoryOf(path), directoryOf(from)];
    if (path !== "" && !entries.has(above) && (above !== "" || base !== "")) {
      const directory = await this.#look(fromAbove, "");
      if (directory?.kind === "directory")
        await this.#put(directory, { destination, path: above, from: fromAbove, base });
      else if (above !== "")
        throw refusedLine(
          "paths that lead through no symbolic link",
          quoteValue(from),
          "Name the link's target.",
        );
    }
    entries.set(path, entry);
  }

  /** What stands at this path; undefined when nothing does. */
  async #look(path: string, base: string): Promise<Found | undefined> {
    const source = join(this.#workspace, path);
    const found = await lstat(source).catch((error: unknown) => absent(path, error));
    if (found === undefined) return undefined;
    const { mode, mtimeMs, size } = found;
    const common = { source, mode: mode & 0o777, modified: Math.floor(mtimeMs / 1000), size: 0 };
    if (found.isDirectory()) return { ...common, kind: "directory" };
    if (found.isFile()) return { ...common, size, kind: "file" };
    if (!found.isSymbolicLink())
      throw refusedLine(
        "files, directories and symbolic links",
        `${quoteValue(path)}, which is none of them`,
        LEAVE_OUT,
      );
    return { ...common, kind: "link", target: await linkTarget(path, source, base) };
  }
}

/** Refuses an entry below a file or link. Two lines may bring a file and a directory to the same path. */
function checkAbove(path: string, entries: Entries): void {
  const above = path === "" ? undefined : entries.get(directoryOf(path));
  if (above === undefined || above.kind === "directory") return;
  throw refusedLine(
    "lines that agree on what is a directory",
    `${quoteValue(path)} below what another line brings as a file`,
    LEAVE_OUT,
  );
}

/** The target of a link, which stays the same in the container. Fails when it leads out of `base`, because it would lead elsewhere there. */
async function linkTarget(path: string, source: string, base: string): Promise<string> {
  const bytes = await readlink(source, "buffer");
  const target = bytes.toString();
  if (!isUtf8(bytes)) checkEncoding(target);
  const end = posix.join(posix.dirname(path), target);
  const from = path === base ? posix.dirname(path) : base;
  const way = posix.relative(`/${from}`, `/${end}`);
  if (!target.startsWith("/") && !end.startsWith("../") && end !== ".." && !/^\.\.(\/|$)/.test(way))
    return target;
  throw refusedLine(
    "files whose symbolic links stay inside what their line brings",
    `${quoteValue(path)}, a link to ${quoteValue(target)}`,
    LEAVE_OUT,
  );
}

const LEAVE_OUT =
  "Remove it, or leave it out: in 'files' by a line that begins with !, such as !.venv/** or !run/app.sock.";

/** Refuses a name that is not in UTF-8. The name that Node.js gives has other characters, so nothing is found by it. */
function checkEncoding(path: string): void {
  if (!path.includes("\uFFFD")) return;
  throw refusedLine("files whose names, and targets of links, are in UTF-8", quoteValue(path), LEAVE_OUT);
}

function refusedLine(must: string, got: string, advice: string | WordsForEach, cause?: unknown): Failure {
  return badInput("files", must, got, advice, cause);
}

function absent(path: string, error: unknown): undefined {
  const code = isRecord(error) ? error["code"] : undefined;
  if (code !== "ENOENT" && code !== "ENOTDIR") unread(path, error);
  return undefined;
}

function unread(path: string, cause: unknown): never {
  throw refusedLine("files that can be read", `${quoteValue(path)}: ${messageOf(cause)}`, LEAVE_OUT, cause);
}

/** The path of the directory above; empty at the top. */
function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, "");
}
