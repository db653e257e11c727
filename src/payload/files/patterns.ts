import { posix } from "node:path";
import { isDynamicPattern } from "tinyglobby";
import type { FileSelection } from "../../inputs/inputs.ts";

/** The parts of a selection. */
export interface Source {
  /** What it selects: one glob for each alternative of its braces. */
  readonly globs: readonly SourceGlob[];
  /** Whether the selection has a wildcard; braces count as one. Otherwise it is a path. */
  readonly isDynamic: boolean;
  /** The part before the first wildcard, for which the destination stands. */
  readonly base: string;
}

export interface SourceGlob {
  /** The pattern, with one alternative for each of its braces. */
  readonly pattern: string;
  /** The pattern without the `**` at its end, which stands for all that a directory holds; empty for the workspace itself. */
  readonly glob: string;
  /** Whether the glob has a wildcard. Otherwise it is a path. */
  readonly isDynamic: boolean;
}

/** `config/**` and `config` mean the same, because a directory brings all that it holds. */
export function sourceOf({ pattern, isPath = false }: FileSelection): Source {
  if (isPath) {
    const path = pattern === "." ? "" : pattern;
    return { globs: [{ pattern, glob: path, isDynamic: false }], isDynamic: false, base: path };
  }
  const globs = alternativesOf(pattern)
    .filter((one) => one !== "")
    .map(globOf);
  const [only] = globs.length === 1 ? globs : [];
  if (only?.isDynamic === false) return { globs, isDynamic: false, base: only.glob };
  const parts = pattern.split("/");
  const wild = parts.findIndex(
    (part) => isDynamicPattern(part) || (only === undefined && part.includes("{")),
  );
  return { globs, isDynamic: true, base: parts.slice(0, Math.max(wild, 0)).join("/") };
}

/** `a/{b,c}` is `a/b` and `a/c`. */
function alternativesOf(pattern: string): readonly string[] {
  const [braces, inside] = /\{([^{}]*,[^{}]*)\}/.exec(pattern) ?? [];
  if (braces === undefined || inside === undefined) return [pattern];
  return inside.split(",").flatMap((one) => alternativesOf(pattern.replace(braces, () => one)));
}

/** An alternative may be empty, so that slashes are left at an end or side by side. */
function globOf(alternative: string): SourceGlob {
  const pattern = posix.normalize(alternative).replace(/^\/|\/$/g, "");
  const glob = pattern.replace(/(^|\/)\*\*(\/\*\*?)*$/, "").replace(/^\.$/, "");
  return { pattern, glob, isDynamic: isDynamicPattern(glob) };
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
