import { existsSync, mkdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Directory } from "../../inputs/beneath/directory.ts";
import { LeadsAway, openDirectoryBeneath } from "../../inputs/beneath/resolve.ts";
import { inCheckout } from "../../inputs/beneath/users-paths.ts";
import { codeOf } from "../../values.ts";
import { UsageError } from "./usage-error.ts";

/** Where something is copied to. */
export interface Destination {
  /** The directory that it is in; undefined when that is not there yet. */
  readonly above: Directory | undefined;
  /** Empty for the root of the file system, which is in no other directory. */
  readonly name: string;
}

/**
 * Calls `use` with the destination of an absolute path. In the checkout that holds the working directory the directories are opened
 * beneath it: a link on the way leads neither out of it nor to a name that begins with a dot and that the path does not have. Links elsewhere
 * are the machine's own. The last name is taken as it is: a link of that name is not followed.
 */
export function withDestination<T>(
  path: string,
  working: string,
  { make }: { readonly make: boolean },
  use: (destination: Destination) => T,
): T {
  const above = openAbove(path, working, make);
  try {
    return use({ above, name: basename(path) });
  } finally {
    above?.close();
  }
}

/** The destination when it is a directory, else the nearest directory above it that is there. A directory may be on a file system of its own. */
export function openNearest(path: string, working: string): Directory {
  const nearest = withDestination(path, working, { make: false }, (destination) =>
    lookAt(destination)?.isDirectory() === true ? openAt(destination) : destination.above?.again(),
  );
  return nearest ?? openNearest(dirname(path), working);
}

export function lookAt({ above, name }: Destination): Stats | undefined {
  return name === "" ? above?.stat() : above?.look(name);
}

/** The directory that is at a destination; undefined when its own directory is not there. */
export function openAt({ above, name }: Destination): Directory | undefined {
  return name === "" ? above?.again() : above?.openDirectory(name);
}

/** Throws a `UsageError` for a device, a pipe or a socket, and for a link to one. */
export function checkReplaceable({ above, name }: Destination): void {
  const there = lookAt({ above, name });
  if (above === undefined || there === undefined) return;
  const path = join(above.path, name);
  const isLink = there.isSymbolicLink();
  // A link of /proc is an open file, such as that of /dev/stdout.
  if (isLink && above.readLink(name).toString().startsWith("/proc/")) throw notReplaceable(path);
  // Only this look follows a link: what is copied replaces the link itself.
  const end = isLink && existsSync(path) ? statSync(path) : there;
  if (!end.isFile() && !end.isDirectory() && !end.isSymbolicLink()) throw notReplaceable(path);
}

function notReplaceable(path: string): UsageError {
  return new UsageError(`${path} is a device, a pipe or a socket: copy to a file.`);
}

function openAbove(path: string, working: string, make: boolean): Directory | undefined {
  const above = dirname(path);
  const place = inCheckout(above, working);
  try {
    if (place !== undefined) return openDirectoryBeneath(place.root, place.path, { make });
    if (make) mkdirSync(above, { recursive: true });
    return Directory.open(above);
  } catch (error) {
    if (error instanceof LeadsAway) throw new UsageError(`Nothing is copied to ${path}: ${error.message}.`);
    const code = codeOf(error);
    if (!make && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    throw error;
  }
}
