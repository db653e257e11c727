import type { Stats } from "node:fs";
import type { Directory } from "../../inputs/beneath/directory.ts";

/** What stands at a path, or below it. */
export interface SentItem {
  /** Its names below the path; none for the path itself. */
  readonly names: readonly string[];
  readonly found: Stats;
  /** The directory that it is in, which is open until the next item is asked for. */
  readonly above: Directory;
}

/** What stands under a name, and all below it. No link is followed. */
export function* itemsAt(
  above: Directory,
  name: string,
  names: readonly string[] = [],
): Generator<SentItem, void, void> {
  const found = above.look(name);
  if (found === undefined) return;
  yield { names, found, above };
  if (!found.isDirectory()) return;
  const directory = above.openDirectory(name);
  try {
    for (const each of directory.list()) yield* itemsAt(directory, each.name, [...names, each.name]);
  } finally {
    directory.close();
  }
}
