import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  realpathSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Directory, LinkError } from "../../inputs/beneath/directory.ts";
import { atUsersPath } from "../../inputs/beneath/users-paths.ts";
import { messageOf } from "../../errors.ts";
import type { RunResult } from "../program/run-options.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Throws a `UsageError` when the file of `--outputs-file` can't be written, or when it may get a handle and belongs to another user. Call
 * this before the run, so that no handle is lost.
 */
export function checkOutputsFile(path: string, { getsHandle }: { readonly getsHandle: boolean }): void {
  try {
    const there = atUsersPath(path, process.cwd(), checkWritableIn, checkWritable);
    if (there?.isDirectory() === true) throw new Error("it is a directory");
    if (getsHandle && there?.isFile() === true && there.uid !== (process.getuid?.() ?? there.uid))
      throw new Error("it belongs to another user, who could read the handle");
  } catch (error) {
    throw new UsageError(`The file of --outputs-file can't be written: ${messageOf(error)}`);
  }
}

/** Writes the outputs. The handle of a job that was left running holds its keys, so the file is then readable for this user only. */
export function writeOutputs(path: string, { outputs }: Pick<RunResult, "outputs">): void {
  const isPrivate = (outputs["handle"] ?? "") !== "";
  const mode = isPrivate ? 0o600 : 0o666;
  const file = atUsersPath(
    path,
    process.cwd(),
    (above, name) => above.openToWrite(name, mode),
    (elsewhere) => openSync(elsewhere, "w", mode),
  );
  try {
    if (isPrivate && fstatSync(file).isFile()) fchmodSync(file, 0o600);
    writeFileSync(file, `${JSON.stringify(outputs)}\n`);
  } finally {
    closeSync(file);
  }
}

/** Removes the file that an earlier run has written. Throws a `UsageError` when it can't be removed. */
export function removeOutputs(path: string): void {
  try {
    atUsersPath(
      path,
      process.cwd(),
      (above, name) => {
        refuseLink(above, name);
        if (above.look(name)?.isFile() === true) above.remove(name);
      },
      (elsewhere) => {
        if (statSync(elsewhere, { throwIfNoEntry: false })?.isFile() === true)
          unlinkSync(realpathSync(elsewhere));
      },
    );
  } catch (error) {
    throw new UsageError(`The earlier file of --outputs-file can't be removed: ${messageOf(error)}`);
  }
}

/** What is there, if it may be written, or else made. */
function checkWritable(path: string): Stats | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) accessSync(dirname(path), constants.W_OK | constants.X_OK);
  else accessSync(path, constants.W_OK);
  return there;
}

function checkWritableIn(above: Directory, name: string): Stats | undefined {
  refuseLink(above, name);
  return checkWritable(join(above.path, name));
}

/** `atUsersPath` then follows it. */
function refuseLink(above: Directory, name: string): void {
  if (above.look(name)?.isSymbolicLink() === true)
    throw new LinkError(`${join(above.path, name)} is a symbolic link`);
}
