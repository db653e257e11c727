import { cancelFailure } from "../step/cancelled.ts";

/**
 * Returns an abort signal that aborts at the first SIGINT or SIGTERM. When a workflow is cancelled, the runner sends SIGINT, SIGTERM
 * 7.5 s later, and KILL 2.5 s after that. The second signal ends this process at once, and the post step undoes what
 * is in the ledger. The returned signal aborts as well when `unread` does: when the step's output can't be written, as after the
 * death of the runner.
 */
export function cancelOnSignals(unread: AbortSignal): AbortSignal {
  const controller = new AbortController();
  let signalled = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signalled) process.exit(130);
    signalled = true;
    controller.abort(cancelFailure(`The runner sent ${signal}.`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  unread.addEventListener("abort", () => {
    const { message } = unread.reason as Error;
    controller.abort(cancelFailure(`The runner no longer reads the output of the step: ${message}.`));
  });
  return controller.signal;
}
