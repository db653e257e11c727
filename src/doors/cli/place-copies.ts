import { join } from "node:path";
import type { Directory } from "../../inputs/beneath/directory.ts";
import { whyGitForbids } from "../../inputs/beneath/git-repository.ts";
import { namesIn, Way } from "../../inputs/beneath/way.ts";
import type { OutSource } from "./copy.ts";
import { checkReplaceable, type Destination, lookAt, openAt, withDestination } from "./destination.ts";
import { checkLinks } from "./sent-links.ts";
import { checkNamed, checkSent, nothingSent } from "./sent-names.ts";
import { UsageError } from "./usage-error.ts";

/** What stands under a name in a directory. */
export interface Place {
  readonly above: Directory;
  readonly name: string;
}

/**
 * Moves what was unpacked to its destinations, in the same file system. A directory that exists keeps its contents; a file or
 * link is replaced. Links of this machine are never followed. Throws a `UsageError` before anything is moved: when something was not asked for,
 * when a name that begins with a dot was not named, when a link would lead out of what is copied with it, when two sources have one
 * destination and are not both directories, and when a directory would replace something else, or the reverse.
 */
export function placeCopies(unpacked: Place, sources: readonly OutSource[], working: string): void {
  const moves = movesOf(unpacked.name, sources);
  const way = new Way(unpacked.above.again());
  try {
    const placed = new Map<string, "directory" | "other">();
    for (const { from, to, globs } of moves)
      withDestination(to, working, { make: false }, (destination) => {
        const place = placeOf(way, from, globs);
        checkSent(place.above, place.name, globs);
        checkLinks(place.above, place.name, { isNew: lookAt(destination) === undefined });
        checkMove(place, destination, { path: to, names: [], globs, placed });
      });
    for (const { from, to, globs } of moves)
      withDestination(to, working, { make: true }, (destination) => {
        move(placeOf(way, from, globs), destination);
      });
  } finally {
    way.close();
  }
}

interface Move {
  readonly from: readonly string[];
  readonly to: string;
  /** All globs whose part before the first wildcard is this path. */
  readonly globs: readonly string[];
}

function movesOf(unpacked: string, sources: readonly OutSource[]): readonly Move[] {
  const moves = new Map<string, Move>();
  for (const { glob, path, destination } of sources) {
    const globs = [...(moves.get(path)?.globs ?? []), glob];
    moves.set(path, { from: [unpacked, ...namesIn(path)], to: destination, globs });
  }
  return [...moves.values()];
}

function placeOf(way: Way, names: readonly string[], globs: readonly string[]): Place {
  const above = way.tryToEnter(names.slice(0, -1));
  if (above === undefined) throw nothingSent(globs);
  return { above, name: names.at(-1) ?? "" };
}

interface MoveContext extends Pick<Move, "globs"> {
  /** The path of the destination, for messages. */
  readonly path: string;
  /** Its names below the destination of the whole. */
  readonly names: readonly string[];
  /** What was checked before, by its destination. */
  readonly placed: Map<string, "directory" | "other">;
}

/** Refuses what can't be moved to this destination, and what is below it. */
function checkMove(from: Place, to: Destination, { path, names, globs, placed }: MoveContext): void {
  const found = from.above.look(from.name);
  const kind = found?.isDirectory() === true ? "directory" : "other";
  if (names.length > 0) checkNamed(names, globs, { isDirectoryThere: to.above !== undefined });
  const { platform } = process;
  const why = whyGitForbids(to.above, to.name, { isDirectory: kind === "directory", platform });
  if (why !== undefined) throw new UsageError(`${path} is not written, so nothing was copied: ${why}.`);
  const other = placed.get(path);
  if (other !== undefined && (other !== kind || kind !== "directory"))
    throw new UsageError(
      `Two things would be copied to ${path}, so nothing was: copy them to different places.`,
    );
  placed.set(path, kind);
  checkReplaceable(to);
  const there = lookAt(to);
  if (there !== undefined && there.isDirectory() !== (kind === "directory"))
    throw new UsageError(
      there.isDirectory()
        ? `${path} is a directory: end it with a slash to copy into it.`
        : `${path} is no directory, but what is copied is one.`,
    );
  if (kind === "other") return;
  if (there !== undefined && there.dev !== found?.dev)
    throw new UsageError(
      `${path} is on a file system of its own, so nothing was copied: copy what goes there by itself.`,
    );
  const into = there && openAt(to);
  forEachIn(from, into, (name, above) => {
    const below = { path: join(path, name), names: [...names, name], globs, placed };
    checkMove({ above, name }, { above: into, name }, below);
  });
}

function move(from: Place, to: Destination): void {
  const isDirectory = from.above.look(from.name)?.isDirectory() === true;
  if (isDirectory && lookAt(to)?.isDirectory() === true) {
    const into = openAt(to);
    forEachIn(from, into, (name, above) => {
      move({ above, name }, { above: into, name });
    });
  } else if (to.above !== undefined) from.above.rename(from.name, to.above, to.name);
}

/** Calls `act` for each name in a directory, then closes `into`. */
function forEachIn(
  { above, name }: Place,
  into: Directory | undefined,
  act: (name: string, directory: Directory) => void,
): void {
  let directory: Directory | undefined;
  try {
    directory = above.openDirectory(name);
    for (const each of directory.list()) act(each.name, directory);
  } finally {
    directory?.close();
    into?.close();
  }
}
