import { posix } from "node:path";
import { isDynamicPattern } from "tinyglobby";
import type { FileSelection } from "../inputs/inputs.ts";

/** The parts of a selection. */
export interface Source {
  /** The pattern as it is given. */
  readonly pattern: string;
  /** The pattern without the `**` at its end, which stands for all that a directory holds; empty for the workspace itself. */
  readonly glob: string;
  /** Whether the glob has a wildcard. Otherwise it is a path. */
  readonly isDynamic: boolean;
  /** The part before the first wildcard, for which the destination stands. */
  readonly base: string;
}

/** `config/**` and `config` mean the same, because a directory brings all that it holds. */
export function sourceOf({ pattern }: FileSelection): Source {
  const glob = pattern.replace(/(^|\/)\*\*(\/\*\*?)*$/, "").replace(/^\.$/, "");
  const parts = glob.split("/");
  const wild = parts.findIndex((part) => isDynamicPattern(part));
  const isDynamic = wild >= 0;
  return { pattern, glob, isDynamic, base: isDynamic ? parts.slice(0, wild).join("/") : glob };
}

/** Where in the container a match goes: a directory, and the path below it. */
export interface ContainerPath {
  readonly destination: string;
  readonly path: string;
  /** The directory in the workspace that the destination stands for; empty for none. */
  readonly base: string;
}

/** The path in the container of a match, or of what a matched directory holds. An empty path is the destination itself. */
export function containerPathOf(
  path: string,
  { base, isDynamic }: Source,
  { destination, isFile }: { readonly destination: string | undefined; readonly isFile: boolean },
): ContainerPath {
  if (destination === undefined) return { destination: "", path, base: "" };
  if (isDynamic || path !== base || !isFile) {
    const below = path.slice(base === "" ? 0 : base.length + 1);
    return { destination: trimSlashes(destination), path: below, base };
  }
  // The pattern is the path of this file.
  if (destination.endsWith("/"))
    return { destination: trimSlashes(destination), path: posix.basename(path), base: "" };
  const directory = posix.dirname(destination);
  return { destination: directory === "." ? "" : directory, path: posix.basename(destination), base: "" };
}

function trimSlashes(destination: string): string {
  const path = destination.replace(/\/+$/, "");
  if (path === ".") return "";
  return path === "" ? "/" : path;
}
