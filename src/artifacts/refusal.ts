import { lstatSync, type Stats } from "node:fs";
import { messageOf } from "../errors.ts";
import { isRecord } from "../record.ts";

/** A member of an archive is not placed. The message says why. */
export class Refusal extends Error {}

/** Fails with a `Refusal` unless `found` is a directory. A link to a directory is refused, too. */
export function checkDirectory(path: string, found: Stats | undefined): void {
  if (found?.isDirectory() === true) return;
  throw new Refusal(
    found?.isSymbolicLink() === true
      ? `${path} is a link, and nothing is written through one`
      : `${path} is no directory`,
  );
}

/** The status of what stands at a path, without following a link; undefined when nothing does. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    // ENOTDIR: a file stands where the path needs a directory.
    if (isRecord(error) && (error["code"] === "ENOENT" || error["code"] === "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Why this member alone is not placed; undefined for an error that ends the unpacking. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.message;
  const code = isRecord(error) ? error["code"] : undefined;
  const isOfTheFile = [
    "ENAMETOOLONG",
    "EINVAL",
    "EISDIR",
    "ENOTDIR",
    "EACCES",
    "EPERM",
    "EEXIST",
    "ELOOP",
    "EILSEQ",
  ];
  return typeof code === "string" && isOfTheFile.includes(code) ? messageOf(error) : undefined;
}
