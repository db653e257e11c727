import type { Door } from "./names.ts";

/** The source of the inputs, and all that `readInputs` needs of the runner. */
export interface InputSource {
  readonly door: Door;
  /** The input byte for byte, its default filled in by the runner; empty when it was not given. */
  get(name: string): string;
  /** The script's standard input, when it is given as bytes instead of by the input `stdin`. */
  readonly stdin?: Uint8Array | undefined;
  /**
   * The list of items when it is given as such, as texts or one a line: then no beginning of it means a file, a glob or a command, as in the
   * input `items`. An empty list is no list that was left out.
   */
  readonly items?: Uint8Array | readonly string[] | undefined;
  /** The path of the file that keeps the ends of items, and from which a later run goes on. A workflow has none. */
  readonly itemLog?: string | undefined;
  /** Whether a line of `artifacts` without wildcards brings names that begin with a dot, too, other than `.git` and `.env*`. */
  readonly pathsNameHidden?: boolean;
  /** The environment of the step. */
  readonly env: NodeJS.ProcessEnv;
  /** Reads a file by its absolute path. Throws when there is no such file, or it may not be read. */
  readFile(path: string): Uint8Array;
  /** The directory that the repository is checked out in, to which paths are relative. */
  readonly workspace: string;
  /** The directories whose files inputs may name: the workspace, and the runner's for temporary files. */
  readonly directories: readonly string[];
}
