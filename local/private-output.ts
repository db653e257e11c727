import { fstatSync } from "node:fs";

/** A file's permission to be read by its group, or by all. */
const READ_BY_OTHERS = 0o044;

/**
 * Why keys must not be written to a descriptor: other users of the machine can read the file that it leads to. Undefined for any other file, a terminal
 * and a pipe. To change the mode would be too late, since another user may have opened the file.
 */
export function whyOthersRead(descriptor: number): string | undefined {
  const found = fstatSync(descriptor);
  const isKept = found.isFile() || found.isFIFO(); // the pipe of a shell has the mode 600, and one with a name has its own
  if (!isKept || (found.mode & READ_BY_OTHERS) === 0) return undefined;
  const mode = (found.mode & 0o777).toString(8);
  return `the output has keys of the local Fargate, and other users can read the file that it goes to: its mode is ${mode}`;
}
