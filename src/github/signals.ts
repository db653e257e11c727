import { Failure } from "../errors.ts";

/**
 * Aborted by the first SIGINT or SIGTERM: the runner sends SIGINT when a workflow is cancelled, SIGTERM 7.5 s later
 * and kills 2.5 s after that. The second signal ends this process at once; the post step undoes what is on record then.
 * `unread` is aborted when nothing reads what the step shows any more, as when the runner was killed: that cancels, too.
 */
export function cancelOnSignals(unread: AbortSignal): AbortSignal {
  const controller = new AbortController();
  let signalled = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signalled) process.exit(130);
    signalled = true;
    controller.abort(cancelled(`The runner sent ${signal}.`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  unread.addEventListener("abort", () => {
    const { message } = unread.reason as Error;
    controller.abort(cancelled(`The runner does not read the output of the step any more: ${message}.`));
  });
  return controller.signal;
}

function cancelled(seen: string): Failure {
  return new Failure("cancelled", {
    failed: "The run was cancelled.",
    seen,
    advice: "What this step started is being stopped; run it again when you want it.",
  });
}
