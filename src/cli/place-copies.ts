import { chmodSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isInside } from "../inputs/workspace.ts";
import type { OutSource } from "./copy.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Moves what was unpacked below `root` to its destinations, in the same file system. A directory that is there keeps what it has; a file or
 * link is replaced. Links of this machine are never followed. Throws a `UsageError`, before anything is moved, for a link that would lead
 * out of what it is copied with, and for a file and a directory that would stand at one place.
 */
export function placeCopies(root: string, sources: readonly OutSource[]): void {
  const moves = sources.map(({ path, destination }) => ({ from: join(root, path), to: destination }));
  for (const { from, to } of moves) {
    checkLinks(from, isDirectory(from) ? from : dirname(from));
    checkPlace(from, to);
  }
  for (const { from, to } of moves) {
    mkdirSync(dirname(to), { recursive: true });
    move(from, to);
  }
}

/** Removes a directory, also where directories in it may not be written. */
export function removeTree(path: string): void {
  if (isDirectory(path)) open(path);
  rmSync(path, { recursive: true, force: true });
}

function open(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) open(join(directory, entry.name));
}

function checkLinks(path: string, base: string): void {
  const found = lstatSync(path);
  if (found.isDirectory()) for (const name of readdirSync(path)) checkLinks(join(path, name), base);
  if (!found.isSymbolicLink()) return;
  const target = readlinkSync(path);
  const end = resolve(dirname(path), target);
  if (!target.startsWith("/") && (end === base || isInside(base, end))) return;
  throw new UsageError(
    `A link in the container leads out of what is copied, so nothing was: ${JSON.stringify(target)}.`,
  );
}

function checkPlace(from: string, to: string): void {
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory() !== isDirectory(from))
    throw new UsageError(
      there.isDirectory()
        ? `${to} is a directory: end it with a slash to copy into it.`
        : `${to} is no directory, but what is copied is one.`,
    );
  if (there.isDirectory()) for (const name of readdirSync(from)) checkPlace(join(from, name), join(to, name));
}

function move(from: string, to: string): void {
  if (!isDirectory(from) || !isDirectory(to)) {
    renameSync(from, to);
    return;
  }
  chmodSync(from, 0o700);
  for (const name of readdirSync(from)) move(join(from, name), join(to, name));
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
