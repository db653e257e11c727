import { readFileSync } from "node:fs";
import { parse, resolve } from "node:path";
import type { Directory } from "./directory.ts";
import { isInside } from "./inside.ts";
import { follow, readFileIn } from "./resolve.ts";

/**
 * The directory that a path of the user's is opened beneath: the working directory, which may be a checkout with links of other people, for a
 * path inside it. Any other path is the user's own, and its links are those of the machine.
 */
export function rootOf(path: string, directory: string): string {
  const absolute = resolve(directory, path);
  return absolute === directory || isInside(directory, absolute) ? directory : parse(absolute).root;
}

/**
 * Calls `beneath` for a path of the user's inside the directory, as `follow` does; else `elsewhere`, which may follow links: the path may also be that of a pipe,
 * such as `/dev/stdin`.
 */
export function atUsersPath<T>(
  path: string,
  directory: string,
  beneath: (above: Directory, name: string) => T,
  elsewhere: (path: string) => T,
): T {
  const absolute = resolve(directory, path);
  const root = rootOf(absolute, directory);
  const isElsewhere = absolute === directory || root === parse(absolute).root;
  return isElsewhere ? elsewhere(absolute) : follow(root, absolute, beneath);
}

/** The content of a file that the user names. */
export function readUsersFile(path: string, directory: string): Buffer {
  return atUsersPath(path, directory, readFileIn, (elsewhere) => readFileSync(elsewhere));
}
