import { asFailure, type Failure } from "./errors.ts";

/** A page of `docs/`, or a paragraph of one. */
export type DocsPage = `${string}.md` | `${string}.md#${string}`;

/** The text of an annotation, with the address of the page that has more. `docs` is the address of `docs/`. */
export function withPage(text: string, page: DocsPage | undefined, docs: string): string {
  return page === undefined ? text : `${text}\nSee ${docs}${page}`;
}

/** The log of a step. It is passed to each phase, so that tests can listen and only `doors/github/` knows the runner. */
export interface Log {
  info(line: string): void;
  /** Shown only when the workflow runs with step debug logging. */
  debug(line: string): void;
  /** An annotation of the workflow run, for a run that goes on although something is not as asked. `page` has more about it. */
  warning(line: string, page?: DocsPage): void;
  /** As `warning`, but shows the same text only once in a step. */
  warnOnce(line: string, page?: DocsPage): void;
  /** An annotation of the workflow run for something that the user needs later. */
  notice(text: string, page?: DocsPage): void;
  /**
   * Begins a phase of the step: what is logged from now on is folded under this title. The phase ends with the next
   * one, with output of the job, or without a title. An annotation is never folded.
   */
  phase(title?: string): void;
  /** How many bytes have gone to the container or come from it, and of how many when that is known. Only a terminal shows it. */
  progress?(done: number, total?: number): void;
  /**
   * Which share of the items is done, from 0 to 1, with words that say more; undefined when no more is to be said. Only a terminal shows it, in one place. Returns
   * whether it does.
   */
  gauge?(share: number | undefined, words: string): boolean;
  /** Ends the phase, and logs a line that is folded under a title of its own. */
  fold(title: string, line: string): void;
}

/** The error as a `Failure`. For a bug of the action the stack goes into the debug log. */
export function logFailure(error: unknown, log: Log): Failure {
  const failure = asFailure(error);
  if (failure.code === "internal-error" && error instanceof Error && error.stack) log.debug(error.stack);
  return failure;
}

/** A log that shows warnings and notices only, unless debug logging is on. */
export function keepWarnings(log: Log): Log {
  return {
    info: (line) => log.debug(line),
    debug: (line) => log.debug(line),
    warning: (line, page) => log.warning(line, page),
    warnOnce: (line, page) => log.warnOnce(line, page),
    notice: (text, page) => log.notice(text, page),
    phase: () => undefined,
    fold: (_, line) => log.debug(line),
  };
}

/**
 * A log that begins each line with the label of its job. A warning or a notice that several jobs repeat is given once,
 * without a label. A quiet log shows warnings and notices only, unless debug logging is on.
 */
export function labelledLog(
  log: Log,
  label: string,
  { warned, isQuiet }: { readonly warned: Set<string>; readonly isQuiet: boolean },
): Log {
  const once =
    (tell: Log["warning"]): Log["warning"] =>
    (text, page) => {
      if (warned.has(text)) return;
      warned.add(text);
      tell(text, page);
    };
  return {
    info: (line) => (isQuiet ? log.debug(label + line) : log.info(label + line)),
    debug: (line) => log.debug(label + line),
    warning: once((line, page) => log.warning(line, page)),
    warnOnce: (line, page) => log.warnOnce(line, page),
    notice: once((text, page) => log.notice(text, page)),
    // The lines of jobs that run side by side would mix in a group.
    phase: () => undefined,
    fold: (title, line) => (isQuiet ? log.debug(label + line) : log.fold(label + title, label + line)),
  };
}
