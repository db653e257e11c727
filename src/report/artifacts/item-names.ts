import { foldNames } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** The name of the file with the end of each item, among the artifacts. */
export const ITEMS_FILE = "fargate-exec-items.jsonl";

const FOLDER = /^items(-[1-9]\d*)?$/;

/** The directory of those of the items, below that of the artifacts: of the first step that has this `artifacts-path`, the second one, and so on. */
export function itemsFolder(step: number): string {
  return step === 1 ? "items" : `items-${step}`;
}

export function isItemsFolder(name: string): boolean {
  return FOLDER.test(name);
}

/** Throws a `Refusal` for an artifact that would lie where the step keeps what comes of its items. `names` is its path below `artifacts-path`. */
export function refuseItemNames([top = ""]: readonly string[], platform: NodeJS.Platform): void {
  const name = foldNames([top], platform);
  if (isItemsFolder(name))
    throw new Refusal(`'${name}' in 'artifacts-path' is for what items write into FARGATE_EXEC_ITEM_DIR`);
  if (name === ITEMS_FILE) throw new Refusal("the step writes a file of this name");
}
