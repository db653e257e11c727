import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import { LinkError } from "../../inputs/beneath/directory.ts";
import { matchesOf } from "../../inputs/beneath/matches.ts";
import { namesIn, type Way } from "../../inputs/beneath/way.ts";
import type { Clock } from "../../clock.ts";
import { Failure, messageOf, type WordsForEach } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import type { FileSelection, FileSelections } from "../../inputs/inputs.ts";
import { quoteValue } from "../../inputs/parse.ts";
import { codeOf } from "../../values.ts";
import { type Collection, type Entry, inFewWords } from "./entries.ts";
import { type PrivatePart, privatePart } from "./private-part.ts";
import { type ContainerPath, containerPathOf, type Source, type SourceGlob, sourceOf } from "./patterns.ts";

/**
 * Finds what the selections bring. A directory brings all that it holds. When two lines bring something to the same path, the later
 * one wins. Fails with `bad-input` for a line that matches nothing, for a link that leads out of what its line brings, and for a device,
 * a socket or a pipe.
 */
export async function collect(
  { selections, exclusions }: FileSelections,
  workspace: Way,
  clock: Pick<Clock, "now" | "turn">,
): Promise<Collection> {
  const excluded = exclusions.length === 0 ? [] : await matchesOf(exclusions, workspace, { clock });
  const collector = new Collector(workspace, new Set(excluded), clock);
  for (const selection of selections) await collector.add(selection);
  return collector.collection();
}

type Found = Omit<Entry, "at">;
/** By their paths below the destination, whose own path is empty. */
type Entries = Map<string, Found>;

const PLAIN_DIRECTORY = { source: "", kind: "directory", mode: 0o755, size: 0 } as const;

class Collector {
  readonly #way: Way;
  readonly #excluded: ReadonlySet<string>;
  /** What goes to each destination. */
  readonly #destinations = new Map<string, Entries>();
  readonly #leftOut = new Set<string>();
  readonly #clock: Pick<Clock, "now" | "turn">;

  constructor(way: Way, excluded: ReadonlySet<string>, clock: Pick<Clock, "now" | "turn">) {
    this.#way = way;
    this.#excluded = excluded;
    this.#clock = clock;
  }

  async add(selection: FileSelection): Promise<void> {
    const source = sourceOf(selection);
    const before = this.#leftOut.size;
    let isEmpty = true;
    for (const glob of source.globs) {
      const hidden = privatePart(glob.pattern, { isPath: selection.isPath === true });
      for (const match of await this.#matches(glob, hidden))
        if (this.#addTree(match, { ...source, hidden }, selection)) isEmpty = false;
    }
    if (!isEmpty) return;
    const why = this.#leftOut.size > before ? ` but ${inFewWords([...this.#leftOut].slice(before))}` : "";
    throw refusedLine(
      "globs that each match something in the workspace",
      `${quoteValue(selection.pattern)}, which matches nothing${why}`,
      {
        workflow:
          "Paths are from the root of the workspace: check it out (actions/checkout), or make the files, before this step. A name that begins with a dot has to stand in the line.",
        program:
          "Paths are from the working directory. A name that begins with a dot has to stand in the line.",
      },
    );
  }

  collection(): Collection {
    const entries = [...this.#destinations.values()].flatMap((found, number) => {
      // A destination that stands for no directory.
      if (!found.has(""))
        found.set("", { ...PLAIN_DIRECTORY, modified: Math.floor(this.#clock.now() / 1000) });
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

  async #matches({ glob: path, isDynamic }: SourceGlob, hidden: PrivatePart): Promise<readonly string[]> {
    if (!isDynamic) return [path];
    let through: Failure | undefined;
    const found = await matchesOf(path, this.#way, {
      clock: this.#clock,
      ignore: hidden(".git") === undefined ? [] : ["**/.git/**"],
      onLink: (link, error) => {
        through ??= throughLink(link, error);
      },
    });
    if (through !== undefined) throw through;
    return found;
  }

  /**
   * Adds the file or directory at this path in the workspace, and all below it. False when nothing is there. `hidden` is that of the alternative
   * of the line's braces that the path has matched.
   */
  #addTree(
    path: string,
    source: Source & { readonly hidden: PrivatePart },
    { destination }: Pick<FileSelection, "destination">,
  ): boolean {
    if (this.#excluded.has(path)) return false;
    const hidden = source.hidden(path);
    if (hidden !== undefined) {
      this.#leftOut.add(hidden);
      return false;
    }
    // Without a destination a link keeps its path from the workspace, so it may lead to anything there.
    const entry = this.#look(path, destination === undefined ? "" : source.base);
    if (entry === undefined) {
      checkEncoding(path);
      return false;
    }
    const to = containerPathOf(path, source, { destination, isFile: entry.kind !== "directory" });
    this.#put(entry, { ...to, from: path });
    if (entry.kind !== "directory") return true;
    for (const name of this.#list(path)) this.#addTree(posix.join(path, name), source, { destination });
    return true;
  }

  /** Adds an entry, after the directories that lead to it. `base` is the directory that the destination stands for; empty for none. */
  #put(entry: Found, { destination, path, from, base }: ContainerPath & { readonly from: string }): void {
    const entries = this.#destinations.get(destination) ?? new Map<string, Found>();
    this.#destinations.set(destination, entries);
    const [above, fromAbove] = [directoryOf(path), directoryOf(from)];
    if (path !== "" && !entries.has(above) && (above !== "" || base !== "")) {
      const directory = this.#look(fromAbove, "");
      if (directory?.kind === "directory")
        this.#put(directory, { destination, path: above, from: fromAbove, base });
    }
    entries.set(path, entry);
  }

  /** What stands at this path; undefined when nothing does. Fails when the path leads through a link. */
  #look(path: string, base: string): Found | undefined {
    try {
      return this.#find(path, base);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw problemWith(path, error);
    }
  }

  #find(path: string, base: string): Found | undefined {
    const names = namesIn(path);
    const [above, name] = [this.#way.enter(names.slice(0, -1)), names.at(-1)];
    const found = name === undefined ? above.stat() : above.look(name);
    if (found === undefined) return undefined;
    const { mode, mtimeMs, size } = found;
    const common = { source: path, mode: mode & 0o777, modified: Math.floor(mtimeMs / 1000), size: 0 };
    if (found.isDirectory()) return { ...common, kind: "directory" };
    if (found.isFile()) return { ...common, size, kind: "file" };
    if (name === undefined || !found.isSymbolicLink())
      throw refusedLine(
        "files, directories and symbolic links",
        `${quoteValue(path)}, which is none of them`,
        LEAVE_OUT,
      );
    return { ...common, kind: "link", target: checkTarget(path, above.readLink(name), base) };
  }

  #list(path: string): readonly string[] {
    try {
      return this.#way
        .enter(namesIn(path))
        .list()
        .map(({ name }) => name);
    } catch (error) {
      throw problemWith(path, error);
    }
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
function checkTarget(path: string, bytes: Buffer, base: string): string {
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

function throughLink(path: string, cause: LinkError): Failure {
  return refusedLine(
    "paths that lead through no symbolic link",
    quoteValue(path),
    "Name the link's target.",
    cause,
  );
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function problemWith(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof LinkError) return throughLink(path, error);
  return refusedLine("files that can be read", `${quoteValue(path)}: ${messageOf(error)}`, LEAVE_OUT, error);
}

/** The path of the directory above; empty at the top. */
function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
