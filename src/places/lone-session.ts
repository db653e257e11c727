import type { ActiveSession } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/**
 * How long a lone session without a client is waited for: its client may be connecting again. AWS does not tell whose
 * session it is, so this run must not end it. After 40 s without a reader the container takes its job for a lost one
 * (others.sh), and this run's attacher ends the other attacher there.
 */
const DISCONNECTED_MS = 45_000;

/** Finds a container's only session lost, once it has had no client for long. */
export class LoneSession {
  readonly #clock: Pick<Clock, "now">;
  readonly #log: Pick<Log, "info">;
  #seen: { readonly id: string; readonly since: number } | undefined;
  /** The id of the session that was found lost. */
  #lost: string | undefined;

  constructor(clock: Pick<Clock, "now">, log: Pick<Log, "info">) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether these sessions are a single lost one, beside which the run may go on. Says so once. */
  isLost([first, ...others]: readonly ActiveSession[]): boolean {
    const now = this.#clock.now();
    if (first?.status !== "Disconnected" || others.length > 0) this.#seen = undefined;
    else if (this.#seen?.id !== first.id) this.#seen = { id: first.id, since: now };
    else if (now - this.#seen.since >= DISCONNECTED_MS) {
      if (this.#lost !== first.id) this.#tell(first.id);
      this.#lost = first.id;
      return true;
    }
    return false;
  }

  #tell(id: string): void {
    this.#log.info(
      `Session ${id} has had no client for ${DISCONNECTED_MS / 1000} s: this run goes on beside it. The container ends it ` +
        "if it is of a run of this action.",
    );
  }
}
