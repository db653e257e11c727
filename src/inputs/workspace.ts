import { isAbsolute, relative, resolve, sep } from "node:path";
import type { InputReader } from "./input-reader.ts";
import type { InputName } from "./names.ts";
import { shown } from "./parse.ts";
import { messageOf } from "../errors.ts";

export interface WorkspaceFile {
  /** Relative to the workspace. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the file that an input names. Notes a problem where the path leads out of the workspace, or can't be read.
 */
export function readWorkspaceFile(reader: InputReader, name: InputName): WorkspaceFile | undefined {
  const { source } = reader;
  const given = reader.text(name);
  const absolute = resolve(source.workspace, given);
  if (!isInside(source.workspace, absolute)) {
    reader.refuse(name, "a path inside the workspace", `${shown(given)}, which leads out of it`);
    return undefined;
  }
  try {
    return { path: relative(resolve(source.workspace), absolute), bytes: source.readFile(absolute) };
  } catch (error) {
    reader.refuse(
      name,
      "a file in the workspace that can be read",
      `${shown(given)}: ${messageOf(error)}`,
      "Give the path from the root of the repository, and check it out (actions/checkout) before this step.",
      error,
    );
    return undefined;
  }
}

/** Whether `path` is below `directory`, by its text alone. The directory itself is not. */
export function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
