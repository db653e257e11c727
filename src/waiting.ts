import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** How often the log says what the step waits for. */
export const TELL_EVERY_MS = 30_000;

/** The pause after a look, as a multiple of the time that its answer took. */
const PAUSE_PER_ANSWER = 3;

/**
 * The pause before the next look, in milliseconds: `usual`, or up to `longest` when the answer has taken long. A slow answer means
 * that AWS throttles the account and that the SDK has repeated the call, so all jobs of the account have to look less often.
 */
export function pauseAfter(took: number, usual: number, longest: number): number {
  return Math.max(usual, Math.min(longest, took * PAUSE_PER_ANSWER));
}

export interface WaitContext {
  readonly clock: Pick<Clock, "now" | "every">;
  readonly log: Pick<Log, "info">;
}

/** Says what a repeated look waits for, with the seconds since the wait began: each change at once, and else every 30 s. */
export class WaitLines {
  readonly #context: { readonly clock: Pick<Clock, "now">; readonly log: Pick<Log, "info"> };
  readonly #begun: number;
  readonly #seen: string[] = [];
  #last: { readonly what: string; readonly at: number } | undefined;

  constructor(context: { readonly clock: Pick<Clock, "now">; readonly log: Pick<Log, "info"> }) {
    this.#context = context;
    this.#begun = context.clock.now();
  }

  /** The states that were waited for, in their order, as in "task is PENDING (3 s)". */
  get seen(): readonly string[] {
    return this.#seen;
  }

  tell(what: string): void {
    const now = this.#context.clock.now();
    const isNew = what !== this.#last?.what;
    if (!isNew && this.#last !== undefined && now - this.#last.at < TELL_EVERY_MS) return;
    this.#last = { what, at: now };
    const line = `${what} (${seconds(now - this.#begun)})`;
    if (isNew) this.#seen.push(line);
    this.#context.log.info(line);
  }
}

/** Says every 30 s that the step waits for this, until the returned function is called. */
export function tellWaiting(what: string | (() => string), { clock, log }: WaitContext): () => void {
  const begun = clock.now();
  return clock.every(TELL_EVERY_MS, () => {
    const now = typeof what === "string" ? what : what();
    log.info(`waiting for ${now} (${seconds(clock.now() - begun)})`);
  });
}

/** Like `tellWaiting`, while a promise is pending. */
export async function tellWhile<T>(
  what: string | (() => string),
  context: WaitContext,
  wait: Promise<T>,
): Promise<T> {
  const stop = tellWaiting(what, context);
  try {
    return await wait;
  } finally {
    stop();
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
