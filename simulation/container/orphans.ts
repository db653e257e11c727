import type { Directory } from "./directory.ts";
import type { Shell } from "./shell.ts";

/** How long the workers of a job that was killed are given to end. */
const ORPHANED_MS = 1_000;

/** Ends the workers of a job whose process was killed. False when that was not killed. */
export async function endOrphans(shell: Shell, directory: Directory): Promise<boolean> {
  const { job, status } = directory;
  if (job?.isDead !== true || status !== undefined) return false;
  directory.endOrphans?.();
  if (directory.workers.some(({ isDead }) => !isDead)) await shell.sleep(ORPHANED_MS);
  return true;
}
