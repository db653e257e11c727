import type { ActiveSession, Ssm, TargetedSession } from "../aws/ssm.ts";
import type { Clock } from "../clock.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** For how long a look counts as new. */
const LOOK_LASTS_MS = 1_000;

export interface EarlyLookOptions {
  readonly inputs: Pick<Inputs, "bucket">;
  readonly ssm: Pick<Ssm, "listAllActiveSessions">;
  readonly clock: Pick<Clock, "now">;
}

/** A look at a container's sessions. */
export interface SessionLook {
  /** When it was asked for, in milliseconds since the epoch. */
  readonly asked: number;
  readonly sessions: Promise<readonly ActiveSession[] | undefined>;
}

/**
 * A look at the sessions of all containers that begins while ECS describes the task: only that answer tells by which name Systems Manager
 * knows this container. A run without a bucket saves one call in sequence by it when the container is free.
 */
export class EarlyLook {
  readonly #options: EarlyLookOptions;
  #look:
    { readonly asked: number; readonly found: Promise<readonly TargetedSession[] | undefined> } | undefined;

  constructor(options: EarlyLookOptions) {
    this.#options = options;
  }

  begin(): void {
    const { inputs, ssm, clock } = this.#options;
    if (inputs.bucket !== undefined) return;
    const found = ssm.listAllActiveSessions();
    found.catch(() => undefined); // `take` hands the rejection on
    this.#look = { asked: clock.now(), found };
  }

  /**
   * What the look tells about this container; undefined when it was not begun or is old. `sessions` resolves with undefined
   * when all containers together have too many sessions to list.
   */
  take(sessionTarget: string): SessionLook | undefined {
    if (this.#look === undefined || this.#options.clock.now() - this.#look.asked > LOOK_LASTS_MS)
      return undefined;
    const { asked, found } = this.#look;
    const sessions = found.then((all) => all?.filter((one) => one.sessionTarget === sessionTarget));
    sessions.catch(() => undefined); // The caller may read it later, or end before.
    return { asked, sessions };
  }
}
