import type { Directory } from "./directory.ts";
import type { Shell } from "./shell.ts";

/** A reader types a line every 20 s; one that has typed none for so long is lost. */
const READ_MS = 40_000;
/** The uploader looks for a new `control` every 30 s. */
const LEASED_MS = 75_000;
const RENEWED_MS = 40_000;

/** Whether the attacher of the job lives, and has heard of its reader lately. */
export function isRead({ attacher, readAt }: Directory, now: number): boolean {
  return attacher !== undefined && !attacher.isDead && readAt !== undefined && now - readAt < READ_MS;
}

function isLeased({ uploader, lease }: Directory): boolean {
  return (
    uploader !== undefined &&
    !uploader.isDead &&
    lease !== undefined &&
    lease.lookedAt - lease.newAt < LEASED_MS
  );
}

function isFollowed(directory: Directory, now: number): boolean {
  return isRead(directory, now) || isLeased(directory);
}

function goesOn({ job, status, isGone }: Directory): boolean {
  return job !== undefined && !job.isDead && status === undefined && !isGone;
}

/** The jobs of other runs in this container that may have lost their readers, as the attacher of a new job sees them. */
class Others {
  readonly #shell: Shell;
  readonly #own: Directory;
  /** When each reader had typed last at the first look. */
  readonly #looks = new Map<Directory, number | undefined>();

  constructor(shell: Shell, own: Directory) {
    this.#shell = shell;
    this.#own = own;
  }

  /** A job that still runs and is not known to have a reader. */
  find(): Directory | undefined {
    const { container, now } = this.#shell;
    for (const other of container.directories.values()) {
      if (other === this.#own) continue;
      if (!other.isDetached && goesOn(other)) {
        if (!(isFollowed(other, now) && this.#isHeard(other))) return other;
      } else if (other.job !== undefined && !isFollowed(other, now)) container.endSession(other.attacher);
    }
    return undefined;
  }

  #isHeard(other: Directory): boolean {
    const { now } = this.#shell;
    if (isLeased(other) && now - (other.lease?.newAt ?? 0) < RENEWED_MS) return true;
    if (!this.#looks.has(other)) {
      this.#looks.set(other, other.readAt);
      wantSign(other);
      return false;
    }
    if (this.#looks.get(other) === other.readAt) return !other.wantsSign && !other.isAskedForSign;
    return true;
  }
}

function wantSign(other: Directory): void {
  other.wantsSign = true;
  other.wake();
}

/**
 * Waits for a sign of each such job's reader, then for the end of a job that has none. False when this run's job is not to start, because it
 * was cancelled or has waited in vain.
 */
export async function awaitOthers(shell: Shell, directory: Directory): Promise<boolean> {
  const others = new Others(shell, directory);
  const limitMs = directory.settings?.waitMs ?? 0;
  let waited = 0;
  let naps = 20;
  let met: Directory | undefined;
  let unheard: Directory | undefined;
  const pause = async (ms: number): Promise<boolean> => {
    directory.waits = true;
    await shell.sleep(ms);
    return !directory.isCancelled;
  };
  for (;;) {
    const other: Directory | undefined = met !== undefined && goesOn(met) ? met : others.find();
    if (other === undefined) break;
    if (met !== other && isFollowed(other, shell.now)) {
      if (unheard !== other)
        await shell.mark(
          "n A job of another run runs in this container. Waiting for a sign of its runner, 40 s at most.",
        );
      unheard = other;
      naps -= 1;
      if (naps <= 0) wantSign(other);
      if (!(await pause(naps > 0 ? 100 : 1_000))) return false;
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
