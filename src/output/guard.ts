import { randomUUID } from "node:crypto";

/**
 * Keeps a job's output from speaking to the runner. Between `stop` and `resume` the runner obeys nothing but
 * `resume`, whose token nobody can guess.
 */
export interface Guard {
  readonly stop: string;
  readonly resume: string;
}

export function makeGuard(): Guard {
  const token = randomUUID();
  return { stop: `::stop-commands::${token}`, resume: `::${token}::` };
}

const OLD_FORM = "##[";
/** Resets a terminal's colours, so it shows nothing; but no line begins with `##[` any more. */
const NOTHING_TO_SEE = "\x1b[0m";

/**
 * Lines as they may be printed between the two. The log viewer itself reads `##[group]`, `##[error]` and their like
 * at the beginning of a line, whatever the runner obeys; and the runner takes a CR for a line's end.
 */
export function harmless(lines: Buffer): Buffer {
  if (!lines.includes(OLD_FORM)) return lines;
  return Buffer.from(
    lines.toString("latin1").replace(/(^|[\r\n])##\[/g, `$1${NOTHING_TO_SEE}${OLD_FORM}`),
    "latin1",
  );
}
