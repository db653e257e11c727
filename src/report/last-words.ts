import { harmlessLine } from "../show/sanitise.ts";

/** The most characters of a line of the job in an annotation. */
const LONGEST_WORDS = 300;

/** The last line of a standard error that is not blank; undefined when there is none. */
export function lastLine(stderr: string, worker: number): string | undefined {
  const lines = stderr
    .split(/\r\n|[\r\n]/)
    .map((line) => harmlessLine(withoutLabel(line, worker), LONGEST_WORDS));
  return lines.findLast((line) => line.trim() !== "");
}

/** The container puts the worker's number before each line when there are several workers. */
function withoutLabel(line: string, worker: number): string {
  const label = `[${worker}] `;
  return line.startsWith(label) ? line.slice(label.length) : line;
}

/**
 * How interpreters name a line of the script in their messages: `script: 3:` (dash), `script: line 3:` (bash and
 * busybox), `script:3:` (zsh, Ruby), `"…/script", line 3` (Python), `script line 3.` (Perl). The script's path
 * is that of the job directory, see `container/main.sh`.
 */
const LINE_OF_SCRIPT = /\/fargate-exec-[\w-]+\/script(?:"?,? line |: line |: ?)(\d{1,7})\b([^\r\n]*)/g;

/** With which message a shell ends by these exit codes: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02 */
const NOT_FOUND = /not found|no such file/i;
const NOT_EXECUTED = /permission denied|cannot execute|exec format|is a directory/i;
/** A shell's own error, such as an unset variable or a syntax error, an exception of Python or Ruby, Perl's `die`. */
const CODES_OF_ERRORS: readonly number[] = [1, 2, 255];

/**
 * The line of the script that the interpreter named last: the line of an error, the innermost frame of a traceback
 * that is in the script. Undefined when none is named, and when the script's exit code is not one of that error: the
 * script went on after it. The job may print any number.
 */
export function namedLine(stderr: string, exitCode: number): number | undefined {
  const [, number, message = ""] = [...stderr.matchAll(LINE_OF_SCRIPT)].at(-1) ?? [];
  if (number === undefined || Number(number) === 0) return undefined;
  return canEndBy(exitCode, message) ? Number(number) : undefined;
}

function canEndBy(exitCode: number, message: string): boolean {
  if (exitCode === 127) return NOT_FOUND.test(message);
  if (exitCode === 126) return NOT_EXECUTED.test(message);
  return CODES_OF_ERRORS.includes(exitCode) && !message.includes("not found");
}
