import { lstatSync, mkdirSync, mkdtempSync, opendirSync, readlinkSync, rmdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";

/** The most bytes of a socket's path on macOS (`sun_path` in sys/un.h), without the NUL. Linux takes four more. */
const LONGEST_SOCKET_PATH = 103;
/** So many names of a directory for temporary files are looked at before other things go on: other users may have put any number there. */
const NAMES_AT_ONCE = 500;
/** So long, in milliseconds, a directory for temporary files is looked through. */
const LOOK_MS = 5_000;
/** The most links on the way to a directory, as in Linux (path_resolution(7)). */
const MOST_LINKS = 40;
/** After so many milliseconds each of several processes sees the directories of all. */
const SEEN_BY_ALL_MS = 50;
/** The names of a lock's directory, and of a process's own directory and socket. */
export const ID_DIGITS = 16;
export const OWN_BYTES = 4;

export interface LockPlaces {
  /** Where locks may stand, the best place first. No other user may be able to write there. By default in the user's home. */
  readonly places?: readonly string[];
  /** Where the user gets a directory of its own when none of these is safe. By default the directory for temporary files. */
  readonly temporary?: string;
}

/** In the user's home. Other things of this action stand beside it, in directories that others may read. */
function placesOfUser(): readonly string[] {
  return [join(homedir(), ".cache", "fargate-exec", "locks")];
}

/** A directory in which no other user of the machine can do anything. Fails when there is none, with what was wrong with each. */
export async function lockDirectory(
  clock: Clock,
  { places = placesOfUser(), temporary = tmpdir() }: LockPlaces,
): Promise<string> {
  const problems: string[] = [];
  const directory = findDirectory(places, problems) ?? (await ownDirectory(temporary, clock, problems));
  if (directory === undefined) throw new Error(`there is no directory for it: ${problems.join("; ")}`);
  return directory;
}

/** The first of these directories that is the user's own, and is made where it is missing; undefined when none is. */
function findDirectory(places: readonly string[], problems: string[]): string | undefined {
  for (const place of places) {
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      const why = whyUnsafe(place);
      if (why === undefined) return place;
      problems.push(`${place} ${why}`);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return undefined;
}

/**
 * The user's own directory in a place where others may write: the oldest one with this prefix that is safe. Its name has random digits, so
 * that no other user can take it first. A process that makes one waits before it looks again, so that processes that each make
 * one see all of them and choose the same.
 */
async function ownDirectory(
  temporary: string,
  clock: Clock,
  problems: string[],
): Promise<string | undefined> {
  const prefix = `fargate-exec-${process.geteuid?.() ?? 0}-`;
  const until = clock.now() + LOOK_MS;
  try {
    const found = await oldestOwn(temporary, prefix, clock, until);
    if (found !== undefined) return found;
    const made = mkdtempSync(join(temporary, prefix));
    let chosen: string | undefined;
    try {
      await clock.sleep(SEEN_BY_ALL_MS);
      chosen = await oldestOwn(temporary, prefix, clock, until);
      if (chosen === undefined) problems.push(`${made} ${whyUnsafe(made) ?? "is gone"}`);
    } finally {
      if (chosen !== made) rmdirSync(made);
    }
    return chosen;
  } catch (error) {
    problems.push(messageOf(error));
    return undefined;
  }
}

/** The oldest directory with this prefix that is safe. Fails when there are too many names to look at all of them until that time. */
async function oldestOwn(
  temporary: string,
  prefix: string,
  clock: Clock,
  until: number,
): Promise<string | undefined> {
  const own: { readonly path: string; readonly at: number }[] = [];
  const directory = opendirSync(temporary, { bufferSize: NAMES_AT_ONCE });
  try {
    let names = 0;
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      names += 1;
      if (names % NAMES_AT_ONCE === 0) {
        await clock.turn();
        if (clock.now() > until)
          throw new Error(
            `${temporary} holds too many names to look at all of them within ${LOOK_MS / 1000} s`,
          );
      }
      if (!entry.name.startsWith(prefix) || !entry.isDirectory()) continue;
      const path = join(temporary, entry.name);
      const about = lstatSync(path, { throwIfNoEntry: false });
      if (about?.uid === process.geteuid?.() && whyUnsafe(path) === undefined)
        own.push({ path, at: about?.birthtimeMs ?? Infinity });
    }
  } finally {
    directory.closeSync();
  }
  return own.sort((one, other) => one.at - other.at || (one.path < other.path ? -1 : 1))[0]?.path;
}

/** Why others may do something to this directory or in it; undefined when they may not. */
function whyUnsafe(directory: string): string | undefined {
  const longest = join(directory, "x".repeat(ID_DIGITS + 1 + 2 * OWN_BYTES), "x".repeat(2 * OWN_BYTES));
  if (Buffer.byteLength(longest) > LONGEST_SOCKET_PATH) return "is too long for the path of a socket";
  const about = lstatSync(directory, { throwIfNoEntry: false });
  if (about === undefined) return "is gone";
  if (!about.isDirectory()) return "is no directory";
  if (about.uid !== process.geteuid?.()) return "belongs to another user";
  if ((about.mode & 0o077) !== 0) return "is open to other users";
  return mayBeMoved(resolve(directory)) ? "stands where others may move it" : undefined;
}

/**
 * Whether another user may move what this absolute path names: the directory itself, one above it, or a link on the way. In a directory with the
 * sticky bit only its own owner, and the owner of a name, may move that (unlink(2)).
 */
function mayBeMoved(path: string, links = 0): boolean {
  // In a user namespace root of the machine is another user. The owner of the root directory may do everything.
  const trusted = [0, process.geteuid?.(), lstatSync("/").uid];
  const names = path.split(sep).filter((name) => name !== "");
  let at = "/";
  for (const [i, name] of names.entries()) {
    const { mode } = lstatSync(at);
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) return true;
    at = join(at, name);
    const about = lstatSync(at);
    if (!trusted.includes(about.uid)) return true;
    if (!about.isSymbolicLink()) continue;
    const led = resolve(dirname(at), readlinkSync(at), ...names.slice(i + 1));
    return links >= MOST_LINKS || mayBeMoved(led, links + 1);
  }
  return false;
}
