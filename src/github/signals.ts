import { Failure } from "../errors.ts";

/**
 * Aborted by the first SIGINT or SIGTERM: the runner sends SIGINT when a workflow is cancelled, SIGTERM 7.5 s later
 * and kills 2.5 s after that. The second signal ends this process at once; the post step undoes what is on record then.
 */
export function cancelOnSignals(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(cancelled(signal));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

function cancelled(signal: string): Failure {
  return new Failure("cancelled", {
    failed: "The run was cancelled.",
    seen: `The runner sent ${signal}.`,
    advice: "What this step started is being stopped; run it again when you want it.",
  });
}
