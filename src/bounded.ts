import type { Clock } from "./clock.ts";

/** How long a process may take to end once its work is done, in milliseconds. */
const ENDING_MS = 5_000;

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
