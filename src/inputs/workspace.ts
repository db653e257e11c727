import { relative, resolve, sep } from "node:path";
import { isInside } from "./beneath/inside.ts";
import type { InputReader } from "./input-reader.ts";
import type { InputName } from "./names.ts";
import { quoteValue } from "./parse.ts";
import { messageOf } from "../errors.ts";

export interface GivenFile {
  /** As messages name it: from the root of the workspace, or the whole path of a file elsewhere. */
  readonly path: string;
  /** The path from the root of the workspace, with slashes; undefined for a file elsewhere. */
  readonly inWorkspace: string | undefined;
  readonly bytes: Uint8Array;
}

/**
 * Reads the file that an input names, in the workspace or in the runner's directory for temporary files. Notes a
 * problem when the path leads elsewhere, or the file can't be read.
 */
export function readGivenFile(reader: InputReader, name: InputName): GivenFile | undefined {
  return readFileOf(reader, name, reader.text(name));
}

/** Like `readGivenFile`, for a path that is only a part of the input. */
export function readFileOf(reader: InputReader, name: InputName, given: string): GivenFile | undefined {
  const { source } = reader;
  const absolute = resolve(source.workspace, given);
  if (given === "" || !source.directories.some((directory) => isInside(directory, absolute))) {
    reader.refuse(
      name,
      "a path inside the workspace or RUNNER_TEMP",
      given === "" ? "nothing" : `${quoteValue(given)}, which leads out of them`,
    );
    return undefined;
  }
  try {
    return { ...pathsOf(absolute, source.workspace), bytes: source.readFile(absolute) };
  } catch (error) {
    reader.refuse(
      name,
      "a file that can be read",
      `${quoteValue(given)}: ${messageOf(error)}`,
      {
        workflow:
          "Give the path from the root of the repository, and check it out (actions/checkout) before this step.",
        program: "Give the path from the working directory.",
      },
      error,
    );
    return undefined;
  }
}

function pathsOf(absolute: string, workspace: string): Pick<GivenFile, "path" | "inWorkspace"> {
  if (!isInside(workspace, absolute)) return { path: absolute, inWorkspace: undefined };
  const path = relative(resolve(workspace), absolute);
  return { path, inWorkspace: path.replaceAll(sep, "/") };
}
