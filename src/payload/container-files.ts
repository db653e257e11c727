import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../errors.ts";

/**
 * The directory is beside this file in `src/`, and beside the bundle in `dist/`, where `npm run build` copies it. It
 * is joined from a path, because ncc turns each `new URL("…", import.meta.url)` into an asset of its own.
 */
const DIRECTORY = join(import.meta.dirname, "container");

/**
 * The text of a file of `container/`; its README.md lists the files. The file is read at each call, so that the post
 * step reads only what it needs. Fails with `action-incomplete` when the file can't be read.
 */
export function payloadFile(name: string, directory = DIRECTORY): string {
  try {
    return readFileSync(join(directory, name), "utf8");
  } catch (cause) {
    throw new Failure("action-incomplete", {
      failed: `A file of the action itself can't be read: 'container/${name}'.`,
      seen: `${String(cause)}.`,
      advice: "Use the action from its repository, or copy the whole of its 'dist/' with 'dist/container/'.",
      cause,
    });
  }
}
