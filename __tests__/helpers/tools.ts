import { accessSync, constants, existsSync, mkdtempSync, statSync, symlinkSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** The programs of an image without python3, besides an awk. */
const TOOLS =
  "base64 bash busybox cat chmod cut dash date dd df env grep gzip head id kill ls mkdir mkfifo mv nohup printf rm sed seq setsid sh " +
  "sha256sum sleep stty tail touch tr true zsh";

/** The path of a program, by its path or its name on PATH; empty if there is none. */
export function findProgram(tool: string): string {
  const paths = (process.env["PATH"] ?? "").split(delimiter).map((directory) => resolve(directory, tool));
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
