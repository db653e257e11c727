import type { Clock } from "../clock.ts";

/**
 * How long output is shown after a cancel. The job's last output matters. An older backlog may take longer than the time
 * that is left.
 */
export const SHOWN_AFTER_CANCEL_MS = 4_000;

/** A signal that aborts four seconds after the cancel. Output that is unread then is not shown. */
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
