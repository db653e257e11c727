import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Place } from "./place.ts";
import { seconds, type Uploads } from "./uploads.ts";

/**
 * A place that an upload keeps for no longer than that is given to the next run at once: one session that lingers is
 * what the agent has a second place for.
 */
const SHORT_MS = 5_000;

/**
 * Gives the place back once the agent can have uploaded the logs of the job's sessions. A cancelled run has not that
 * much time: its post step does it. Never rejects.
 */
export async function giveBack(
  place: Place,
  uploads: Pick<Uploads, "doneAt">,
  { clock, log, cancel }: { readonly clock: Clock; readonly log: Log; readonly cancel: AbortSignal },
): Promise<void> {
  const freeAt = uploads.doneAt();
  const ms = freeAt - clock.now();
  if (place.held && ms > SHORT_MS) {
    log.info(
      `The exec agent still uploads the log of the session; the container's place is given back when that can have ended, in ${seconds(ms)} s.`,
    );
    try {
      await clock.sleep(ms, cancel);
    } catch {
      await place.postpone(freeAt);
      return;
    }
  }
  await place.release();
}
