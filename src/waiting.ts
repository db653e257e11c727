import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** How long a process may take to end once its work is done, in milliseconds. */
const ENDING_MS = 5_000;
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

/** Resolves when the signal has aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The promise's outcome if it comes before `until` (milliseconds since the epoch), else that of `late()`, which may
 * throw. Rejects with the signal's reason on an abort.
 */
export async function unlessLate<T, L>(
  promise: Promise<T>,
  { clock, signal, until, late }: { clock: Clock; signal: AbortSignal; until: number; late: () => L },
): Promise<T | L> {
  const over = new AbortController();
  const onAbort = (): void => over.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    const wait = Math.max(0, until - clock.now());
    return await Promise.race([promise, clock.sleep(wait, over.signal).then(late)]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    over.abort();
  }
}

/**
 * What `act` makes of a signal that aborts after `ms`, as that of `AbortSignal.timeout` does. The time ends with `act`.
 */
export async function withinTime<T>(
  ms: number,
  clock: Pick<Clock, "sleep">,
  act: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(ms, over.signal).then(
    () => late.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    () => undefined, // it was in time
  );
  try {
    return await act(late.signal);
  } finally {
    over.abort();
  }
}

/** Calls `act` once, after `ms`. Unlike a sleep it does not keep the process alive. */
export function onceAfter(ms: number, clock: Pick<Clock, "every">, act: () => void): void {
  const stop = clock.every(ms, () => {
    stop();
    act();
  });
}

/**
 * Ends this process soon, with the exit code that it has, although something may still be open that would keep it alive. Its work has to be
 * done. `say` gets a line when that was needed.
 */
export function endSoon(clock: Pick<Clock, "every">, say: (line: string) => void, ms = ENDING_MS): void {
  clock.every(ms, () => {
    say("Something of this program had not ended with its work. Open an issue to report it.");
    process.exit();
  });
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
