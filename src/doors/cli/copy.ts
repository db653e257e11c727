import { realpathSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve, sep } from "node:path";
import { messageOf } from "../../errors.ts";
import { isInside } from "../../inputs/beneath/inside.ts";
import { inCheckout } from "../../inputs/beneath/users-paths.ts";
import { matchOf } from "../../inputs/asked-names.ts";
import { UsageError } from "./usage-error.ts";

/** What one `cp` copies. */
export type Copy = CopyIn | CopyOut;

/** From this machine into the container. */
export interface CopyIn {
  readonly kind: "in";
  /** The input `files`: destinations by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** The directory that the paths are relative to. */
  readonly directory: string;
}

/** From the container to this machine. */
export interface CopyOut {
  readonly kind: "out";
  readonly sources: readonly OutSource[];
}

export interface OutSource {
  /** A line of the input `artifacts`. */
  readonly glob: string;
  /** The path of the file or directory to place, below the directory that the artifacts are unpacked in. */
  readonly path: string;
  /** Where it is placed: an absolute path. */
  readonly destination: string;
}

const CONTROL = /\p{Cc}/u;

/**
 * Reads the words `SRC… DEST`. A word that begins with a colon is a path of the container. A destination that ends with a slash
 * is a directory to copy into; any other is the name of the copy. Throws a `UsageError`.
 */
export function parseCopy(words: readonly string[], directory: string): Copy {
  const [sources, destination = ""] = [words.slice(0, -1), words.at(-1)];
  const isIn = destination.startsWith(":");
  if (sources.length === 0 || sources.some((word) => word.startsWith(":") === isIn))
    throw new UsageError(
      "Give what to copy, then where to: the container's path begins with a colon, and this machine's does not, as in dist :/srv/ or :/var/log/app.log ./",
    );
  if (sources.includes("")) throw new UsageError("A source is an empty word. Give a dot for this directory.");
  const target = isIn ? destination.slice(1) : destination;
  if (sources.length > 1 && !isDirectory(target))
    throw new UsageError("Several things are copied into a directory: end the destination with a slash.");
  return isIn ? copyIn(sources, target, directory) : copyOut(sources, target, directory);
}

/** Whether a destination is a directory to copy into. */
function isDirectory(path: string): boolean {
  return path === "" || /(^|\/)\.{0,2}$/.test(path);
}

function copyIn(sources: readonly string[], destination: string, from: string): CopyIn {
  if (CONTROL.test(destination) || posix.normalize(destination).split("/").includes(".."))
    throw new UsageError("A path of the container may have neither line ends nor .. here.");
  const places = sources.map((source) => placeOf(resolve(from, source), from));
  const paths = places.map(({ path }) => path);
  const directory = paths.every((path) => isInside(from, path))
    ? from
    : commonDirectory(places.map(({ root }) => root));
  const files = paths.map((path) => {
    const name = relative(directory, path).split(sep).join("/");
    if (name === "" || CONTROL.test(name))
      throw new UsageError(
        `A name with line ends can't be copied by itself: ${JSON.stringify(name)}. Copy the directory that it is in.`,
      );
    return [name, isDirectory(destination) ? posix.join(destination, basename(path)) : destination] as const;
  });
  return { kind: "in", files: Object.fromEntries(files), directory };
}

/**
 * A source and a directory that it is in. What is in the checkout is named from there, so no link in it leads elsewhere. Links on any other way are the
 * machine's own, so they are followed.
 */
function placeOf(path: string, from: string): { readonly root: string; readonly path: string } {
  const place = inCheckout(path, from);
  if (place !== undefined && isInside(place.root, place.path)) return place;
  try {
    const root = realpathSync(dirname(path));
    return { root, path: join(root, basename(path)) };
  } catch {
    return { root: dirname(path), path };
  }
}

/** The directory that all of these are in, or that is one of them. */
function commonDirectory(directories: readonly string[]): string {
  let common = directories[0] ?? "";
  const holds = (each: string): boolean => each === common || isInside(common, each);
  while (!directories.every(holds) && dirname(common) !== common) common = dirname(common);
  return common;
}

function copyOut(words: readonly string[], destination: string, from: string): CopyOut {
  const sources = words.map((source) => {
    const glob = globOf(source.slice(1));
    const names = glob.split("/");
    const wild = names.findIndex((name) => /[*?[]/.test(name));
    const path = (wild < 0 ? names : names.slice(0, wild)).join("/").replace(/^\/|^\.$/, "");
    // A glob's matches keep their paths from the first wildcard on, below the destination.
    const into = wild < 0 && path !== "" && isDirectory(destination) ? posix.basename(path) : "";
    return { glob, path, destination: resolve(from, destination, into) };
  });
  for (const [i, source] of sources.entries())
    for (const other of sources.slice(0, i)) checkApart(other, source);
  return { kind: "out", sources };
}

function globOf(text: string): string {
  const glob = posix.normalize(text || ".").replace(/(?<=.)\/$/, "");
  if (CONTROL.test(text) || text.trim() !== text || glob.startsWith("!"))
    throw new UsageError(
      `A path of the container may have neither line ends, nor blanks at its ends, nor begin with ! here: ${JSON.stringify(text)}. Copy the directory that it is in.`,
    );
  try {
    matchOf(glob);
  } catch (error) {
    throw new UsageError(`${JSON.stringify(text)} is no glob: ${messageOf(error)}`);
  }
  return glob;
}

/**
 * Refuses two sources of which one is a part of the other, because sources are moved one after the other. Globs with the
 * same directory and destination count as one source.
 */
function checkApart(one: OutSource, other: OutSource): void {
  const isOneCopy =
    one.path === other.path &&
    one.destination === other.destination &&
    one.glob.startsWith("/") === other.glob.startsWith("/") &&
    [one, other].every(({ glob }) => matchOf(glob) !== undefined);
  if (isOneCopy) return;
  const isIn = (path: string, above: string): boolean => above === "" || `${path}/`.startsWith(`${above}/`);
  if (!isIn(one.path, other.path) && !isIn(other.path, one.path)) return;
  throw new UsageError(
    `:${one.glob} and :${other.glob} have something in common: copy them one after the other.`,
  );
}
