import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { tellWhile } from "../waiting.ts";
import type { Seat } from "./seat.ts";
import { seconds, type Uploads } from "./uploads.ts";

/**
 * An upload shorter than this does not delay the release: the agent runs a second session beside the one that
 * lingers.
 */
export const SHORT_MS = 5_000;

/**
 * Gives the seat back when the agent has had the time to upload the logs of the job's sessions, and to end a stop command that can't be seen. A cancelled run
 * leaves that to its post step, because it has no time to wait. Never rejects.
 */
export async function giveBack(
  seat: Pick<Seat, "isHeld" | "postpone" | "release">,
  uploads: Pick<Uploads, "doneAt">,
  { clock, log, cancel }: { readonly clock: Clock; readonly log: Log; readonly cancel: AbortSignal },
): Promise<void> {
  const freeAt = uploads.doneAt();
  const ms = freeAt - clock.now();
  if (seat.isHeld && ms > SHORT_MS) {
    log.info(
      `A session of this run may still be in the container: its log is uploaded, or its stop command runs. The container's seat is given back after that, in ${seconds(ms)} s.`,
    );
    try {
      await tellWhile("the end of the session", { clock, log }, clock.sleep(ms, cancel));
    } catch {
      await seat.postpone(freeAt);
      return;
    }
  }
  await seat.release();
}
