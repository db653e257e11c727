import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The paths below a directory, in order. No link is followed. */
export function pathsBelow(top: string, below = ""): readonly string[] {
  return readdirSync(join(top, below), { withFileTypes: true })
    .flatMap((each) => {
      const path = join(below, each.name);
      return [path, ...(each.isDirectory() ? pathsBelow(top, path) : [])];
    })
    .sort();
}
