import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { statOf } from "../artifacts/refusal.ts";
import { isInside } from "../inputs/workspace.ts";
import type { OutSource } from "./copy.ts";
import { checkSent } from "./sent-names.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Moves what was unpacked below `root` to its destinations, in the same file system. A directory that exists keeps its contents; a file or
 * link is replaced. Links of this machine are never followed. Throws a `UsageError` before anything is moved: when something was not asked for,
 * when a link would lead out of what is copied with it, when two sources have one destination and are not both directories, and when a
 * directory would replace something else, or the reverse.
 */
export function placeCopies(root: string, sources: readonly OutSource[]): void {
  const moves = movesOf(root, sources);
  const placed = new Map<string, "directory" | "other">();
  const modes = makeAccessible(root);
  for (const { from, to, globs } of moves) {
    checkSent(from, globs);
    checkLinks(from, { from, to });
    checkDestination(from, to, placed);
    checkFileSystem(from, to);
  }
  for (const { from, to } of moves) {
    mkdirSync(dirname(to), { recursive: true });
    move(from, to, modes);
  }
}

interface Move {
  readonly from: string;
  readonly to: string;
  /** All globs whose part before the first wildcard is this path. */
  readonly globs: readonly string[];
}

function movesOf(root: string, sources: readonly OutSource[]): readonly Move[] {
  const moves = new Map<string, Move>();
  for (const { glob, path, destination } of sources) {
    const globs = [...(moves.get(path)?.globs ?? []), glob];
    moves.set(path, { from: join(root, path), to: destination, globs });
  }
  return [...moves.values()];
}

/** Removes a directory, also when directories in it may not be written. */
export function removeTree(path: string): void {
  if (isDirectory(path)) makeAccessible(path);
  rmSync(path, { recursive: true, force: true });
}

/** The modes of directories, by their paths. */
type Modes = ReadonlyMap<string, number>;

/** Lets this user read, change and move a directory and all directories below it. Returns the modes that they had. */
function makeAccessible(directory: string, modes = new Map<string, number>()): Modes {
  modes.set(directory, lstatSync(directory).mode);
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) makeAccessible(join(directory, entry.name), modes);
  return modes;
}

function checkLinks(path: string, whole: Pick<Move, "from" | "to">): void {
  const { from } = whole;
  const found = lstatSync(path);
  if (found.isDirectory()) for (const name of readdirSync(path)) checkLinks(join(path, name), whole);
  if (!found.isSymbolicLink()) return;
  const target = readlinkSync(path);
  const end = resolve(dirname(path), target);
  const isInText = path !== from && !target.startsWith("/") && (end === from || isInside(from, end));
  if (isInText && isLinkInside(path, whole)) return;
  throw new UsageError(
    `A link in the container leads out of what is copied, so nothing was: ${JSON.stringify(target)}.`,
  );
}

/**
 * Whether a link leads to something in `from`. A link that leads nowhere is allowed only when the destination is new: in an existing one a
 * link of this machine may stand on its way.
 */
function isLinkInside(path: string, { from, to }: Pick<Move, "from" | "to">): boolean {
  try {
    const [end, whole] = [realpathSync(path), realpathSync(from)];
    return end === whole || isInside(whole, end);
  } catch {
    return !existsSync(to);
  }
}

/** Refuses what can't be moved to `to`. `placed` has what was checked before, by its destination. */
function checkDestination(from: string, to: string, placed: Map<string, "directory" | "other">): void {
  const kind = isDirectory(from) ? "directory" : "other";
  const other = placed.get(to);
  if (other !== undefined && (other !== kind || kind !== "directory"))
    throw new UsageError(
      `Two things would be copied to ${to}, so nothing was: copy them to different places.`,
    );
  placed.set(to, kind);
  checkReplaceable(to);
  const there = statOf(to);
  if (there !== undefined && there.isDirectory() !== (kind === "directory"))
    throw new UsageError(
      there.isDirectory()
        ? `${to} is a directory: end it with a slash to copy into it.`
        : `${to} is no directory, but what is copied is one.`,
    );
  if (kind === "directory")
    for (const name of readdirSync(from)) checkDestination(join(from, name), join(to, name), placed);
}

/** Refuses a directory on another file system, into which nothing can be moved. */
function checkFileSystem(from: string, to: string): void {
  const there = statOf(to);
  if (!isDirectory(from) || there?.isDirectory() !== true) return;
  if (there.dev !== lstatSync(from).dev)
    throw new UsageError(
      `${to} is on a file system of its own, so nothing was copied: copy what goes there by itself.`,
    );
  for (const name of readdirSync(from)) checkFileSystem(join(from, name), join(to, name));
}

/** Throws a `UsageError` for a device, a pipe or a socket, and for a link to one. */
export function checkReplaceable(path: string): void {
  const there = statOf(path);
  if (there === undefined) return;
  const isLink = there.isSymbolicLink();
  // A link of /proc is an open file, such as that of /dev/stdout.
  if (isLink && readlinkSync(path).startsWith("/proc/")) throw notReplaceable(path);
  const end = isLink && existsSync(path) ? statSync(path) : there;
  if (!end.isFile() && !end.isDirectory() && !end.isSymbolicLink()) throw notReplaceable(path);
}

function notReplaceable(path: string): UsageError {
  return new UsageError(`${path} is a device, a pipe or a socket: copy to a file.`);
}

function move(from: string, to: string, modes: Modes): void {
  if (isDirectory(from) && isDirectory(to)) {
    for (const name of readdirSync(from)) move(join(from, name), join(to, name), modes);
  } else {
    renameSync(from, to);
    restoreModes(from, to, modes);
  }
}

/** Gives moved directories the modes that they had. */
function restoreModes(from: string, to: string, modes: Modes): void {
  const mode = modes.get(from);
  if (mode === undefined) return;
  for (const name of readdirSync(to)) restoreModes(join(from, name), join(to, name), modes);
  chmodSync(to, mode);
}

function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() === true;
}
