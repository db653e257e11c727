import { closeSync, readFileSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { codeOf } from "../../values.ts";
import { Directory, LinkError } from "./directory.ts";
import { isInside } from "./inside.ts";
import { isHidden } from "./private-names.ts";

/** A path leads out of its root, or to a private name that it does not have, by a link. */
export class LeadsAway extends Error {}

/** Linux follows no more links than these in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/** The content of a regular file at `path`, which is below `root`. Links are followed as `follow` says. */
export function readFileBeneath(root: string, path: string): Buffer {
  return follow(root, path, readFileIn);
}

export function readFileIn(directory: Directory, name: string): Buffer {
  const file = directory.openFile(name);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The directory at `path`, which is below `root` or is `root`. Links are followed as `follow` says. Makes directories that are missing when `make`. */
export function openDirectoryBeneath(
  root: string,
  path: string,
  { make }: { readonly make: boolean },
): Directory {
  if (resolve(root) === resolve(path)) return Directory.open(root);
  return follow(root, path, make ? openOrMake : (above, name) => above.openDirectory(name), { make });
}

/** Opens a directory, which is made when it is missing. */
export function openOrMake(above: Directory, name: string): Directory {
  try {
    return above.openDirectory(name);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  try {
    above.makeDirectory(name);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  return above.openDirectory(name);
}

/**
 * Calls `last` for the last name of `path`, in the directory that it is in. A link is read and followed name by name, from directories that are held
 * open, so it can't lead out of `root`: then this fails with `LeadsAway`. `last` fails with a `LinkError` when its name is a link, and
 * is called again for what the link leads to. A name that begins with a dot has to stand in `path` itself: a link to `.git/config` or `.env` fails
 * with `LeadsAway`, too.
 */
export function follow<T>(
  root: string,
  path: string,
  last: (directory: Directory, name: string) => T,
  { make = false } = {},
): T {
  const walk = new Walk(root, path, make ? openOrMake : (above, name) => above.openDirectory(name));
  try {
    return walk.toEnd(last);
  } finally {
    walk.close();
  }
}

type Open = (above: Directory, name: string) => Directory;

class Walk {
  readonly #root: string;
  readonly #given: readonly string[];
  readonly #open: Open;
  /** The directories on the way, from the root on, and their names. */
  readonly #held: Directory[];
  readonly #names: string[] = [];
  /** The names to come, the next one last. */
  readonly #left: string[];
  #links = 0;

  constructor(root: string, path: string, open: Open) {
    [this.#root, this.#open] = [root, open];
    this.#given = relative(resolve(root), resolve(path)).split(sep);
    this.#left = this.#given.toReversed();
    this.#held = [Directory.open(root)];
  }

  toEnd<T>(last: (directory: Directory, name: string) => T): T {
    for (;;) {
      const name = this.#left.pop() ?? ".";
      if (name === "..") this.#up();
      else if (name !== "" && name !== ".") {
        const done = this.#step(name, last);
        if (done !== undefined) return done.value;
      } else if (this.#left.length === 0) return this.#again(last);
    }
  }

  close(): void {
    for (const directory of this.#held.splice(0)) directory.close();
  }

  get #here(): Directory {
    const here = this.#held.at(-1);
    if (here === undefined) throw new Error("the walk is over");
    return here;
  }

  #step<T>(name: string, last: (directory: Directory, name: string) => T): { readonly value: T } | undefined {
    const here = this.#here;
    this.#checkPrivate(name);
    try {
      if (this.#left.length === 0) return { value: last(here, name) };
      this.#held.push(this.#open(here, name));
      this.#names.push(name);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#followLink(here, name);
    }
    return undefined;
  }

  #followLink(here: Directory, name: string): void {
    this.#links += 1;
    if (this.#links > MOST_LINKS)
      throw new LeadsAway(`it leads through more than ${MOST_LINKS} symbolic links`);
    const target = targetOf(here, name);
    const [first] = this.#held;
    if (target === undefined || !isAbsolute(target) || first === undefined) {
      this.#left.push(...namesOf(target ?? name));
      return;
    }
    const root = [first.path, resolve(this.#root)].find((each) => each === target || isInside(each, target));
    if (root === undefined) throw this.#outside();
    for (const directory of this.#held.splice(1)) directory.close();
    this.#names.splice(0);
    this.#left.push(...namesOf(relative(root, target)));
  }

  #up(): void {
    if (this.#held.length === 1) throw this.#outside();
    this.#held.pop()?.close();
    this.#names.pop();
  }

  /** A link may end at a directory on its own way, such as `..`: its last name is looked up again. */
  #again<T>(last: (directory: Directory, name: string) => T): T {
    const name = this.#names.at(-1);
    if (name === undefined) throw new LeadsAway(`it is a symbolic link to ${this.#root} itself`);
    this.#up();
    return last(this.#here, name);
  }

  #checkPrivate(name: string): void {
    if (this.#links === 0 || !isHidden(name) || this.#given.includes(name)) return;
    throw new LeadsAway(
      `it is a symbolic link to '${[...this.#names, name].join("/")}', whose name begins with a dot and may be private: give that path itself`,
    );
  }

  #outside(): Error {
    return new LeadsAway(`it is a symbolic link to a file outside ${this.#root}`);
  }
}

/** The names in a path, the last one first. */
function namesOf(path: string): readonly string[] {
  return path.split(sep === "\\" ? /[/\\]/ : "/").reverse();
}

/** What a link says; undefined when something else has taken its place. */
function targetOf(directory: Directory, name: string): string | undefined {
  try {
    return directory.readLink(name).toString();
  } catch (error) {
    if (codeOf(error) === "EINVAL" || codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
