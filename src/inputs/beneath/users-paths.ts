import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Directory } from "./directory.ts";
import { isInside } from "./inside.ts";
import { follow, readFileIn } from "./resolve.ts";

/** A path in a checkout. */
export interface CheckoutPath {
  /** The directory that it is opened beneath, without links. */
  readonly root: string;
  /** The same path from that directory on. It may be that of the directory itself. */
  readonly path: string;
}

/**
 * The checkouts that hold a directory, the nearest first: each git work tree that it is in, as a submodule is in two; the directory itself when
 * it is in none. Their paths have no links.
 */
export function checkoutsOf(directory: string): readonly string[] {
  const from = realPath(resolve(directory));
  const roots = upwardsFrom(from).filter(hasGit);
  return roots.length === 0 ? [from] : roots;
}

/**
 * Where a path of the user's is in the checkout that holds the directory: links there are other people's. Undefined for any other path, which is the user's own, and its links
 * are those of the machine.
 */
export function inCheckout(path: string, directory: string): CheckoutPath | undefined {
  const absolute = resolve(directory, path);
  // From the top on: what is above the checkout is the machine's, and only that may lead to it by a link.
  const above = upwardsFrom(absolute).toReversed();
  for (const root of checkoutsOf(directory)) {
    const start = above.find((each) => realPath(each) === root);
    if (start !== undefined) return { root, path: join(root, relative(start, absolute)) };
  }
  return undefined;
}

/**
 * Calls `beneath` for a path of the user's inside the checkout, as `follow` does; else `elsewhere`, which may follow links: the path may also be that of a pipe,
 * such as `/dev/stdin`.
 */
export function atUsersPath<T>(
  path: string,
  directory: string,
  beneath: (above: Directory, name: string) => T,
  elsewhere: (path: string) => T,
): T {
  const place = inCheckout(path, directory);
  return place !== undefined && isInside(place.root, place.path)
    ? follow(place.root, place.path, beneath)
    : elsewhere(resolve(directory, path));
}

/** The content of a file that the user names. */
export function readUsersFile(path: string, directory: string): Buffer {
  return atUsersPath(path, directory, readFileIn, (elsewhere) => readFileSync(elsewhere));
}

/** A path and all directories above it. */
function upwardsFrom(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...upwardsFrom(above)];
}

/** A submodule and a linked work tree have a file of this name (gitrepository-layout(5)). */
function hasGit(directory: string): boolean {
  return lstatSync(join(directory, ".git"), { throwIfNoEntry: false }) !== undefined;
}

/** The path without links; as it is when nothing is there. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
