import { LinkError } from "../../inputs/beneath/directory.ts";
import { messageOf } from "../../errors.ts";
import { codeOf } from "../../values.ts";

/** A member of an archive is not placed. The message says why. */
export class Refusal extends Error {}

/** Why this member alone is not placed; undefined for an error that ends the unpacking. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.message;
  if (error instanceof LinkError) return `${error.message}, and nothing is written through one`;
  const code = codeOf(error);
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
  return code !== undefined && isOfTheFile.includes(code) ? messageOf(error) : undefined;
}
