import type { ActiveSession } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { LOST_MS } from "../payload/beat.ts";

/**
 * How long the run waits for a lone session without a client, whose client may be connecting, or connecting again. AWS does not tell
 * whose session it is, so this run must not end it. By then the container takes its reader for lost (beat.sh), and this run's attacher
 * ends the other attacher there. A session into which no runner has typed ends by then (bootstrap.sh).
 */
const PATIENCE_MS = LOST_MS + 3_000;
/** `Connecting`: no client has ever come. Whether such a session leaves the list before its end is not known. */
const WITHOUT_CLIENT: ReadonlySet<string | undefined> = new Set(["Disconnected", "Connecting"]);
const LOST =
  `has had no client for ${PATIENCE_MS / 1000} s: this run goes on beside it. The container ends it if it is of a run of this ` +
  "action.";
const MAY_FOLLOW =
  "may be that of another run that follows the same job: this run goes on beside it, and the container decides.";

export function hasClient({ status }: ActiveSession): boolean {
  return !WITHOUT_CLIENT.has(status);
}

/**
 * Decides whether a run may go on beside a container's only session. It may when that session has had no client for long. A run that
 * attaches to a job may go on beside any lone session: it may be of another step that follows the same job, and only the container
 * knows that.
 */
export class LoneSession {
  readonly #clock: Pick<Clock, "now">;
  readonly #log: Pick<Log, "info">;
  #seen: { readonly id: string; readonly since: number } | undefined;
  /** The id of the last session that the log has named. */
  #told: string | undefined;

  constructor(clock: Pick<Clock, "now">, log: Pick<Log, "info">) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Whether the run may go on beside these sessions. An earlier look must have seen the same session. Says so once. A run that attaches goes
   * on at its second look, unless logs of earlier sessions may still be uploaded: an upload keeps the seat of its session. No run goes on when
   * the container is full: a session of the queue is there, too.
   */
  mayGoOn(
    [first, ...others]: readonly ActiveSession[],
    {
      attaches,
      isUnlogged,
      isFull = false,
    }: { readonly attaches: boolean; readonly isUnlogged: boolean; readonly isFull?: boolean },
  ): boolean {
    const now = this.#clock.now();
    const isOne = first !== undefined && others.length === 0;
    if (!isOne || (!attaches && hasClient(first))) this.#seen = undefined;
    else if (this.#seen?.id !== first.id) this.#seen = { id: first.id, since: now };
    else if (!isFull && now - this.#seen.since >= (attaches && isUnlogged ? 0 : PATIENCE_MS)) {
      this.#tell(first.id, attaches ? MAY_FOLLOW : LOST);
      return true;
    }
    return false;
  }

  #tell(id: string, why: string): void {
    if (this.#told !== id) this.#log.info(`Session ${id} ${why}`);
    this.#told = id;
  }
}
