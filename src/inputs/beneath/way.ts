import { codeOf } from "../../values.ts";
import { Directory, LinkError } from "./directory.ts";

/** Opens a name in the directory above it, `depth` names below the root. */
type Open = (above: Directory, name: string, depth: number) => Directory;

/**
 * The way from a root to a directory below it, held open name by name. No link is followed. Of the next way only the names that differ are
 * opened, so a walk through a tree opens each directory once.
 */
export class Way {
  readonly root: Directory;
  readonly #held: { readonly name: string; readonly directory: Directory }[] = [];

  /** Takes the root over, and closes it at the end. */
  constructor(root: Directory) {
    this.root = root;
  }

  /** The ways beneath a directory whose path is followed as it is, links included. */
  static open(path: string): Way {
    return new Way(Directory.open(path));
  }

  /** The directory of these names, which stays open until the next call. `open` opens each name in the directory above it. */
  enter(names: readonly string[], open: Open = (above, name) => above.openDirectory(name)): Directory {
    const differs = this.#held.findIndex(({ name }, i) => name !== names[i]);
    this.#leave(differs < 0 ? this.#held.length : differs);
    let here = this.#held.at(-1)?.directory ?? this.root;
    for (const [depth, name] of [...names.entries()].slice(this.#held.length)) {
      here = open(here, name, depth);
      this.#held.push({ name, directory: here });
    }
    return here;
  }

  /** The same; undefined when one of the names is missing, or is no directory. */
  tryToEnter(names: readonly string[], open?: Open): Directory | undefined {
    try {
      return this.enter(names, open);
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof LinkError || code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  }

  /** Closes the root, too. */
  close(): void {
    this.#leave(0);
    this.root.close();
  }

  #leave(depth: number): void {
    for (const { directory } of this.#held.splice(depth)) directory.close();
  }
}

/** The names in a path from the root, whose own path is empty. */
export function namesIn(path: string): readonly string[] {
  return path === "" ? [] : path.split("/");
}
