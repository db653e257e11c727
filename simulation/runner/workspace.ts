import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The directory of a runner that has files. It is on the disk, since a step knows no other files. */
export class Workspace {
  readonly path: string;

  constructor(name: string) {
    this.path = join(tmpdir(), `fargate-exec-simulation-${process.pid}`, name.replaceAll(" ", "-"));
    this.remove();
    mkdirSync(this.path, { recursive: true });
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
    if (existsSync(this.path)) rmSync(this.path, { recursive: true, force: true });
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
