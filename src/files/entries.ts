/** A file, directory or link on its way into the container. */
export interface Entry {
  /** Its place: the number of its destination, then its path there. */
  readonly at: string;
  /** The absolute path on this machine. */
  readonly source: string;
  readonly kind: "file" | "directory" | "link";
  /** Read, write and execute for user, group and others; no other bit. */
  readonly mode: number;
  /** In seconds since the epoch: a fraction of it does not fit into a header of tar. */
  readonly modified: number;
  /** In bytes; 0 unless it is a file. */
  readonly size: number;
  /** The path in a link. */
  readonly target?: string;
}

/** What the input `files` selects. */
export interface Collection {
  /** By their places: a directory stands before what it holds, and all of that stands together. */
  readonly entries: readonly Entry[];
  /** The directories in the container; an empty one is the working directory. */
  readonly destinations: readonly string[];
  /** What could hold secrets and no line names, by its path in the workspace. */
  readonly leftOut: readonly string[];
}
