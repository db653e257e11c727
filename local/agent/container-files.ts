import { closeSync, constants, fstatSync, mkdirSync, openSync } from "node:fs";

/** Holds a directory without the right to read it (open(2)). Node.js has no name for the flag. Linux has this value for it on x86-64 and ARM. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_TRUNC } = constants;
const HELD = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const FLAGS = { read: 0, write: O_WRONLY | O_CREAT | O_TRUNC } as const;

/**
 * Opens a regular file of a container by its absolute path. To write it makes the directories that are missing, and the file. An absolute link
 * of the container would lead to a file of this machine, so no link is followed: each name is opened in the directory above it.
 */
export function openInContainer(pid: number, path: string, how: keyof typeof FLAGS): number {
  const names = path.split("/").slice(1);
  const last = names.pop() ?? "";
  let above = openSync(`/proc/${pid}/root`, O_PATH | O_DIRECTORY);
  try {
    for (const name of names) {
      const below = openDirectory(`/proc/self/fd/${above}/${name}`, how);
      closeSync(above);
      above = below;
    }
    return openRegular(`/proc/self/fd/${above}/${last}`, FLAGS[how]);
  } finally {
    closeSync(above);
  }
}

function openDirectory(path: string, how: keyof typeof FLAGS): number {
  try {
    return openSync(path, HELD);
  } catch (error) {
    if (how === "read" || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(path, 0o700);
    return openSync(path, HELD);
  }
}

function openRegular(path: string, flags: number): number {
  const file = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path} is not a regular file`);
}
