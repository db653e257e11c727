import { cancelFailure } from "../../run/step/cancelled.ts";
import type { RunnerProcess } from "./process.ts";

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
export function cancelOnSignals(
  { onSignal, exit }: Pick<RunnerProcess, "onSignal" | "exit">,
  unread: AbortSignal,
): EarlyEnd {
  const cancel = new AbortController();
  const ending = new AbortController();
  onSignal((signal) => {
    if (ending.signal.aborted) {
      exit(130);
      return;
    }
    ending.abort(cancelFailure(`The runner sent ${signal}.`));
    cancel.abort(ending.signal.reason);
  });
  unread.addEventListener("abort", () => {
    const { message } = unread.reason as Error;
    cancel.abort(cancelFailure(`The runner no longer reads the output of the step: ${message}.`));
  });
  return { cancel: cancel.signal, ending: ending.signal };
}
