import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileBytes } from "../scenario.ts";

/** In seconds since the epoch. */
const MODIFIED_S = 1_767_225_600;

/** Linux's directory in memory. On a disk each directory costs as much time as a hundred calls of a world. */
const MEMORY = "/dev/shm";

/** The directory of a runner that has files. It is a real one, since a step knows no other files. */
export class Workspace {
  readonly path: string;
  /** That of all runners of this process. */
  readonly #root = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `fargate-exec-simulation-${process.pid}`);

  constructor(name: string) {
    this.path = join(this.#root, name.replaceAll(" ", "-"));
    this.remove();
    mkdirSync(this.path, { recursive: true });
  }

  /** Makes these files, each given by its path and size. Modes and times are the same everywhere: an archive has them. */
  write(files: readonly string[]): void {
    const paths = files.map((file) => {
      const path = file.split(" ")[0] ?? "";
      mkdirSync(join(this.path, dirname(path)), { recursive: true });
      writeFileSync(join(this.path, path), fileBytes(file));
      return path;
    });
    for (const path of paths)
      for (let at = path; at !== "."; at = dirname(at)) {
        chmodSync(join(this.path, at), at === path ? 0o644 : 0o755);
        utimesSync(join(this.path, at), MODIFIED_S, MODIFIED_S);
      }
  }

  /** The files below a directory, by their paths in it. */
  filesBelow(directory: string): ReadonlyMap<string, Buffer> {
    const found = new Map<string, Buffer>();
    const look = (path: string, name: string): void => {
      for (const each of list(path)) {
        const at = join(path, each);
        if (lstatSync(at).isDirectory()) look(at, `${name}${each}/`);
        else found.set(name + each, readFileSync(at));
      }
    };
    look(join(this.path, directory), "");
    return found;
  }

  remove(): void {
    if (!existsSync(this.path)) return;
    rmSync(this.path, { recursive: true, force: true });
    if (list(this.#root).length === 0) rmdirSync(this.#root);
  }
}

/** Empty when there is no such directory. */
function list(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
