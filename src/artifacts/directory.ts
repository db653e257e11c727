import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isInside } from "../inputs/workspace.ts";

/** The path leads out of the directories that it has to be in. */
export class OutsidePath extends Error {}

/**
 * Makes the directory that artifacts are unpacked in, and returns its path without links. A link on the way, such as one in the
 * repository, may not lead out of `within`. Throws `OutsidePath`, or an error of the file system.
 */
export function makeDirectory(directory: string, within: readonly string[]): string {
  let above = resolve(directory);
  while (!existsSync(above) && dirname(above) !== above) above = dirname(above);
  const allowed = within.filter((each) => existsSync(each)).map((each) => realpathSync(each));
  const isAllowed = (path: string): boolean => allowed.some((each) => each === path || isInside(each, path));
  if (!isAllowed(realpathSync(above))) throw new OutsidePath(directory);
  mkdirSync(directory, { recursive: true });
  const real = realpathSync(directory);
  if (!isAllowed(real)) throw new OutsidePath(directory);
  return real;
}
