import type { Directory } from "./directory.ts";
import { endOrphans } from "./orphans.ts";
import type { Shell } from "./shell.ts";

/** The attacher learns within a second that the job was killed. */
const LOOK_MS = 1_000;
/** How long PID 1 has to reap a process that it has adopted. */
const REAPED_MS = 100;
const NOT_REAPED_MS = 5_000;

/**
 * The reader has left. `stays` when the attacher has to wait for the end of the job instead, and has done so; `away` when it leaves, and its
 * reader may be gone.
 */
export async function leave(
  shell: Shell,
  directory: Directory,
  { isParent }: { readonly isParent: boolean },
): Promise<"stays" | "leaves" | "away"> {
  const { options } = shell.container;
  if (isParent && !directory.isDetached) {
    await shell.sleep(options.reaps ? REAPED_MS : NOT_REAPED_MS);
    if (!options.reaps) {
      directory.stays = true;
      await shell.mark(
        "n The session stays open, though S3 carries the output: PID 1 of this container reaps no process.",
      );
      while (!directory.isTaken && !directory.isGone && !directory.isAway) {
        await shell.tellNotes(directory);
        await endOrphans(shell, directory);
        await directory.news(shell.host, LOOK_MS);
      }
      // The end may have been taken before the attacher knew that it has to stay.
      if (directory.isTaken || directory.isGone || !directory.isAway) return "stays";
    }
  }
  const { isAway } = directory;
  directory.attacher = undefined;
  Object.assign(directory, { hasLeft: false, stays: false, isAway: false });
  return isAway ? "away" : "leaves";
}

/** Waits for a sign of the step that follows the job by its session. False when there is one. */
export async function awaitLastReader(shell: Shell, directory: Directory): Promise<boolean> {
  const { attacher, beat } = directory;
  const before = beat.typedAt;
  for (let isTold = false; attacher?.isDead === false && !directory.stays && beat.hasSession(shell.now);) {
    if (!isTold) {
      await shell.mark(
        "n Another step follows the job by its session. Waiting for a sign of it, 40 s at most.",
      );
      isTold = true;
    } else if (beat.typedAt !== before) {
      await shell.mark("! followed another step follows the job by its session");
      return false;
    }
    await shell.sleep(1_000);
  }
  beat.typedAt = shell.now;
  return true;
}
