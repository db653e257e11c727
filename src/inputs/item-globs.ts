import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { codeOf } from "../values.ts";
import { readGlob } from "./artifact-globs.ts";
import { namedBy } from "./asked-names.ts";
import { NotRegular } from "./beneath/directory.ts";
import { isHidden } from "./beneath/private-names.ts";
import { namesIn, Way } from "./beneath/way.ts";
import { GlobMatcher, type GlobProgress } from "./glob-matcher.ts";
import { type ParseResult, quoteValue } from "./parse.ts";
import type { InputSource } from "./source.ts";

/** A longer list of globs comes from a program, which can write a list of items instead. */
const MOST_GLOBS = 100;

const OF_WORKSPACE = {
  must: "globs of the workspace, without a leading /, without .. and without \\, such as glob:tests/**/*_test.py",
  advice: "** stands for any number of directories, as a whole name; ? for any one character.",
};

type Workspace = Pick<InputSource, "workspace" | "readFile">;

/**
 * The files of the workspace that these lines match, by their paths from there, each once and in the order of their bytes. Each line is a glob
 * behind `glob:`; with `!` before the glob it leaves files out. Names that begin with a dot have to stand in the glob, as in `files`. No link to a
 * directory is followed, and a link to a file counts as one when `readFile` may follow it.
 */
export function filesOfGlobs(lines: readonly string[], workspace: Workspace): ParseResult<readonly string[]> {
  const searches: Search[] = [];
  if (lines.length > MOST_GLOBS) return { must: `${MOST_GLOBS} globs at most`, got: `${lines.length}` };
  for (const line of lines) {
    const [, isExclusion, glob = ""] = /^glob:\s*(!?)\s*(.*?)\s*$/s.exec(line) ?? [];
    const answer = parse(glob);
    if (!("value" in answer)) return answer;
    searches.push(new Search(answer.value, isExclusion === "!"));
  }
  if (searches.every(({ isExclusion }) => isExclusion))
    return {
      must: "a glob that selects files, beside those that leave some out",
      got: quoteValue(lines.join(" ")),
    };
  return search(searches, workspace);
}

function parse(glob: string): ParseResult<string> {
  if (glob === "" || glob.startsWith("/")) return { ...OF_WORKSPACE, got: quoteValue(glob) };
  return readGlob(glob, OF_WORKSPACE);
}

/** One glob in a walk, and what is known of its matches. */
class Search {
  readonly pattern: string;
  readonly isExclusion: boolean;
  readonly matcher: GlobMatcher;
  readonly #names: (name: string) => boolean;
  hasFile = false;
  /** A directory that matches. */
  directory: string | undefined;
  /** A link by which the glob itself leads on. */
  link: string | undefined;

  constructor(pattern: string, isExclusion: boolean) {
    this.pattern = pattern;
    this.isExclusion = isExclusion;
    // What is left out is left out with all that is below it.
    this.matcher = new GlobMatcher(pattern.split("/"), { takesBelow: isExclusion });
    this.#names = namedBy(pattern);
    if (pattern === ".") this.directory = pattern;
  }

  after(progress: GlobProgress, name: string): GlobProgress {
    if (!this.isExclusion && isHidden(name) && !this.#names(name)) return [];
    return this.matcher.after(progress, Array.from(name));
  }
}

/** A glob that may match something below the directory that the walk is in. */
interface Candidate {
  readonly search: Search;
  readonly progress: GlobProgress;
}

function isMatch({ search, progress }: Candidate): boolean {
  return search.matcher.isMatch(progress);
}

/** Why a list of matches can't be made. */
class Unusable extends Error {
  readonly answer: ParseResult<never>;

  constructor(answer: ParseResult<never>) {
    super("a match can't be an item");
    this.answer = answer;
  }
}

function search(searches: readonly Search[], workspace: Workspace): ParseResult<readonly string[]> {
  let found: readonly string[];
  try {
    const walk = new Walk(workspace);
    found = walk.search(searches);
  } catch (error) {
    if (error instanceof Unusable) return error.answer;
    throw error;
  }
  const empty = searches.find(({ hasFile, isExclusion }) => !hasFile && !isExclusion);
  if (empty !== undefined) return noMatch(empty);
  const paths = found.map((path) => ({ path, bytes: Buffer.from(path) }));
  return { value: paths.sort((a, b) => a.bytes.compare(b.bytes)).map(({ path }) => path) };
}

function noMatch({ pattern, directory, link }: Search): ParseResult<never> {
  const must = "globs that each match a file of the workspace";
  if (directory !== undefined)
    return {
      must,
      got: `${quoteValue(pattern)}, which matches directories alone, such as ${quoteValue(directory)}`,
      advice:
        "Items are files: end the glob with the names of files, such as /**, or list directories by 'run:'.",
    };
  const through = link === undefined ? "" : `: ${quoteValue(link)} is a symbolic link, which is not followed`;
  return {
    must,
    got: `${quoteValue(pattern)}, which matches none${through}`,
    advice: {
      workflow:
        "Paths are from the root of the workspace: check it out (actions/checkout), or make the files, before this step. A name that begins with a dot has to stand in the glob.",
      program:
        "Paths are from the working directory. A name that begins with a dot has to stand in the glob.",
    },
  };
}

const LEAVE_OUT = "Remove it, or leave it out by a line such as glob:!build/**.";

class Walk {
  readonly #workspace: Workspace;
  readonly #way: Way;
  readonly #paths: string[] = [];

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#way = attempt(".", () => Way.open(workspace.workspace));
  }

  /** The paths of the files that match. Closes the walk. */
  search(searches: readonly Search[]): readonly string[] {
    const candidates = searches.map((each) => ({ search: each, progress: each.matcher.begin }));
    try {
      this.#below("", candidates);
      return this.#paths;
    } finally {
      this.#way.close();
    }
  }

  #below(directory: string, candidates: readonly Candidate[]): void {
    const entries = attempt(directory, () => this.#way.enter(namesIn(directory)).list());
    for (const entry of entries) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      const left = candidates
        .map(({ search, progress }) => ({ search, progress: search.after(progress, entry.name) }))
        .filter(({ progress }) => progress.length > 0);
      if (left.some((each) => each.search.isExclusion && isMatch(each))) continue;
      const selecting = left.filter(({ search }) => !search.isExclusion);
      if (selecting.length === 0) continue;
      const matching = selecting.filter(isMatch).map(({ search }) => search);
      if (entry.isDirectory()) {
        for (const each of matching) each.directory ??= path;
        this.#below(path, left);
      } else if (entry.isSymbolicLink()) this.#addLink(path, { matching, selecting });
      else if (entry.isFile()) this.#add(path, matching);
    }
  }

  #addLink(
    path: string,
    { matching, selecting }: { matching: readonly Search[]; selecting: readonly Candidate[] },
  ): void {
    for (const { search } of selecting) if (search.pattern.startsWith(`${path}/`)) search.link = path;
    if (matching.length === 0) return;
    if (attempt(path, () => this.#leadsToFile(path))) this.#add(path, matching);
    else for (const each of matching) each.directory ??= path;
  }

  #leadsToFile(path: string): boolean {
    const { workspace, readFile } = this.#workspace;
    try {
      readFile(join(workspace, path));
      return true;
    } catch (error) {
      if (error instanceof NotRegular || codeOf(error) === "EISDIR") return false;
      throw error;
    }
  }

  #add(path: string, matching: readonly Search[]): void {
    if (matching.length === 0) return;
    for (const each of matching) each.hasFile = true;
    if (/[\p{Cc}\uFFFD]/u.test(path))
      throw new Unusable({
        must: "files whose names are in UTF-8 and have no control characters",
        got: quoteValue(path),
        advice: LEAVE_OUT,
      });
    this.#paths.push(path);
  }
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Unusable({
      must: "files and directories that can be read",
      got: `${quoteValue(path || ".")}: ${messageOf(error)}`,
      advice: LEAVE_OUT,
    });
  }
}
