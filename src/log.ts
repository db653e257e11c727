/**
 * What the user reads while a run goes on. Passed to each phase, so that tests can listen and nothing below
 * `run.ts` knows the runner.
 */
export interface Log {
  info(line: string): void;
  /** Shown only when the workflow runs with step debug logging. */
  debug(line: string): void;
  /** An annotation of the workflow run: something went otherwise than asked, and the run goes on. */
  warning(line: string): void;
}
