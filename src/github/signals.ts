import { cancelFailure } from "../step/cancelled.ts";

/** How the runner, or its death, ends a step early. */
export interface EarlyEnd {
  /** Aborts at the first signal, and when the output can't be written. */
  readonly cancel: AbortSignal;
  /** Aborts at the first signal. */
  readonly ending: AbortSignal;
}

/**
 * Returns abort signals that abort at the first SIGINT or SIGTERM. When a workflow is cancelled, the runner sends SIGINT, SIGTERM
 * 7.5 s later, and KILL 2.5 s after that. The second signal ends this process at once, and the post step undoes what
 * is in the ledger. `cancel` aborts as well when `unread` does: when the step's output can't be written, as after the
 * death of the runner.
 */
export function cancelOnSignals(unread: AbortSignal): EarlyEnd {
  const cancel = new AbortController();
  const ending = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (ending.signal.aborted) process.exit(130);
    ending.abort(cancelFailure(`The runner sent ${signal}.`));
    cancel.abort(ending.signal.reason);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  unread.addEventListener("abort", () => {
    const { message } = unread.reason as Error;
    cancel.abort(cancelFailure(`The runner no longer reads the output of the step: ${message}.`));
  });
  return { cancel: cancel.signal, ending: ending.signal };
}
