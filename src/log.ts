import { asFailure, type Failure } from "./errors.ts";

/** The log of a step. It is passed to each phase, so that tests can listen and only `github/` knows the runner. */
export interface Log {
  info(line: string): void;
  /** Shown only when the workflow runs with step debug logging. */
  debug(line: string): void;
  /** An annotation of the workflow run, for a run that goes on although something is not as asked. */
  warning(line: string): void;
}

/** The error as a `Failure`. For a bug of the action the stack goes into the debug log. */
export function loggedFailure(error: unknown, log: Log): Failure {
  const failure = asFailure(error);
  if (failure.code === "internal-error" && error instanceof Error && error.stack) log.debug(error.stack);
  return failure;
}
