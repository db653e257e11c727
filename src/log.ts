import { asFailure, type Failure } from "./errors.ts";

/**
 * What the user reads while a run goes on. Passed to each phase, so that tests can listen and only
 * `github/` knows the runner.
 */
export interface Log {
  info(line: string): void;
  /** Shown only when the workflow runs with step debug logging. */
  debug(line: string): void;
  /** An annotation of the workflow run: something went otherwise than asked, and the run goes on. */
  warning(line: string): void;
}

/** The failure that an error is told as. A bug of ours leaves its stack in the debug log. */
export function loggedFailure(error: unknown, log: Log): Failure {
  const failure = asFailure(error);
  if (failure.code === "internal-error" && error instanceof Error) log.debug(error.stack ?? "");
  return failure;
}
