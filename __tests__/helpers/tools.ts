import { accessSync, constants, existsSync, mkdtempSync, statSync, symlinkSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { systemPath } from "../../local/images/image.ts";

/** The programs of an image without python3, besides an awk. */
const TOOLS =
  "base64 bash busybox cat chmod cut dash date dd df env grep gzip head id kill ls mkdir mkfifo mv nohup printf rm sed seq setsid sh " +
  "sha256sum sleep stty tail touch tr true zsh";

/** The path of a program, by its path or its name on PATH, or on a path that is given; empty if there is none. */
export function findProgram(tool: string, path = process.env["PATH"] ?? ""): string {
  const paths = path.split(delimiter).map((directory) => resolve(directory, tool));
  return paths.find(isProgram) ?? "";
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Python that a container has, else this machine's. On PATH a version manager may stand before it, which takes several times longer to start it
 * than it takes itself.
 */
export const PYTHON = findProgram("python3", systemPath) || findProgram("python3");

/** A PATH without python3 in which `awk` is this one, as a directory below `root`. */
export function withoutPython(awk: string, root: string): string {
  const path = mkdtempSync(join(root, "fargate-exec-tools-"));
  for (const tool of TOOLS.split(" ")) {
    const from = findProgram(tool);
    if (existsSync(from)) symlinkSync(from, join(path, tool));
  }
  symlinkSync(findProgram(awk), join(path, "awk"));
  return path;
}
