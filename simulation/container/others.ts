import type { Directory } from "./directory.ts";
import { endOrphans } from "./orphans.ts";
import type { Shell } from "./shell.ts";

function goesOn({ job, status, isGone }: Directory): boolean {
  return job !== undefined && !job.isDead && status === undefined && !isGone;
}

/**
 * A job of another run that still runs and is not known to have a reader. Ends the sessions of other jobs that have lost theirs, and the scripts
 * of jobs that were killed.
 */
async function findOther(shell: Shell, own: Directory): Promise<Directory | undefined> {
  const { container } = shell;
  for (const other of container.directories.values()) {
    if (other === own) continue;
    if (!other.isDetached && goesOn(other)) {
      if (!other.beat.isThere(shell.now, other.attacher?.isDead === false)) return other;
    } else {
      if (!other.isGone) await endOrphans(shell, other);
      if (other.job !== undefined && other.beat.isLost(shell.now)) container.endSession(other.attacher);
    }
  }
  return undefined;
}

/**
 * Waits for a sign of each such job's reader, then for the end of a job that has none. False when this run's job is not to start, because it
 * was cancelled or has waited in vain.
 */
export async function awaitOthers(shell: Shell, directory: Directory): Promise<boolean> {
  const limitMs = directory.settings?.waitMs ?? 0;
  let waited = 0;
  let met: Directory | undefined;
  let unheard: Directory | undefined;
  const pause = async (ms: number): Promise<boolean> => {
    await shell.sleep(ms);
    return !directory.isCancelled;
  };
  for (;;) {
    const other: Directory | undefined =
      met !== undefined && goesOn(met) ? met : await findOther(shell, directory);
    if (other === undefined) break;
    if (met !== other && !other.beat.isLost(shell.now)) {
      if (unheard !== other)
        await shell.mark(
          "n A job of another run runs in this container. Waiting for a sign of its runner, 30 s at most.",
        );
      unheard = other;
      if (!(await pause(200))) return false;
      continue;
    }
    if (met !== other) {
      met = other;
      shell.container.endSession(other.attacher);
      await shell.mark(
        "n A job of another run still runs in this container, and its runner is lost. Waiting for its end.",
      );
    } else if (waited % 30 === 0)
      await shell.mark(`n Still waiting for the job of another run (${waited} s).`);
    if (waited * 1000 >= limitMs) {
      await shell.mark("! busy in use by a job of another run, whose runner is lost");
      return false;
    }
    if (!(await pause(1_000))) return false;
    waited += 1;
  }
  if (met !== undefined) await shell.mark(`n The job of another run has ended (${waited} s).`);
  return true;
}
