import type { Clock } from "../clock.ts";

/** From the cancel on: what the job says to that is of interest, what it has printed before has to come to an end. */
export const SHOWN_AFTER_CANCEL_MS = 4_000;

/** Aborted some time after the cancel: a backlog of output may be longer than the time that is left. */
export function enoughShown(cancel: AbortSignal, clock: Clock, over: AbortSignal): AbortSignal {
  const enough = new AbortController();
  const onCancel = (): void => {
    clock.sleep(SHOWN_AFTER_CANCEL_MS, over).then(
      () => enough.abort(),
      () => undefined, // the job is over
    );
  };
  cancel.addEventListener("abort", onCancel, { once: true, signal: over });
  return enough.signal;
}
