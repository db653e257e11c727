import { closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../clock.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { makeDirectory } from "./artifacts/directory.ts";
import { ITEMS_FILE } from "./artifacts/item-names.ts";
import { endLine } from "./item-entries.ts";
import type { ItemResults } from "./item-results.ts";

/**
 * Writes the end of each item into a file among the artifacts, one a line, in the order of the list. It replaces a file of that name. Returns its path.
 * Throws `OutsidePath` or an error of the file system.
 */
export function writeItemsFile(
  { items }: Pick<ItemResults, "items">,
  { directory: path, within }: Pick<Artifacts, "directory" | "within">,
  random: Pick<Random, "bytes">,
): string {
  const directory = makeDirectory(path, within);
  const temporary = `.fargate-exec-${random.bytes(8).toString("hex")}`;
  try {
    const file = directory.createFile(temporary, 0o666);
    try {
      writeFileSync(file, items.map((item) => `${endLine(item)}\n`).join(""));
    } finally {
      closeSync(file);
    }
    directory.rename(temporary, directory, ITEMS_FILE);
    return join(path, ITEMS_FILE);
  } catch (error) {
    if (directory.look(temporary) !== undefined) directory.remove(temporary);
    throw error;
  } finally {
    directory.close();
  }
}
