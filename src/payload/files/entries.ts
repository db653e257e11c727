/** A file, directory or link on its way into the container. */
export interface Entry {
  /** Where it goes: the number of its destination, then its path there. The destination itself is an entry, too. */
  readonly at: string;
  /** The path in the workspace; empty for the workspace itself, and for a destination that stands for no directory. */
  readonly source: string;
  readonly kind: "file" | "directory" | "link";
  /** Read, write and execute for user, group and others; no other bit. */
  readonly mode: number;
  /** In whole seconds since the epoch: a fraction does not fit into a header of tar. */
  readonly modified: number;
  /** In bytes; 0 unless it is a file. */
  readonly size: number;
  /** The path in a link. */
  readonly target?: string;
}

/** What the input `files` selects. */
export interface Collection {
  /** A directory comes first, then at once all that it holds. */
  readonly entries: readonly Entry[];
  /** The directories in the container; an empty one is the working directory. */
  readonly destinations: readonly string[];
  /** The paths in the workspace whose name begins with a dot, which may hold secrets, and that no line names. */
  readonly leftOut: readonly string[];
}

/** The first five of these paths, and how many more there are. */
export function inFewWords(paths: readonly string[]): string {
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
  return `${paths.slice(0, 5).join(", ")}${more}`;
}
