import { isAbsolute, relative, sep } from "node:path";

/** Whether `path` is below `directory`, by its text alone. False for the directory itself. */
export function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
