import { harmlessLine } from "./show/sanitise.ts";

/** The most characters that an annotation shows of a line of standard error. */
const LONGEST_WORDS = 300;

/** The last line of standard error that is not blank; undefined when every line is. */
export function findLastLine(stderr: string): string | undefined {
  const lines = stderr.split(/\r\n|[\r\n]/).map((line) => harmlessLine(line, LONGEST_WORDS));
  return lines.findLast((line) => line.trim() !== "");
}

/**
 * How interpreters name a line of the script in their messages: `script: 3:` (dash), `script: line 3:` (bash and
 * busybox), `script:3:` (zsh, Ruby), `"…/script", line 3` (Python), `script line 3.` (Perl). The script's path
 * is that of the job directory, see `container/main.sh`.
 */
const LINE_OF_SCRIPT = /\/fargate-exec-[\w-]+\/script(?:"?,? line |: line |: ?)(\d{1,7})\b([^\r\n]*)/g;

/** The messages of a shell that ends with 127 or 126: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02 */
const NOT_FOUND = /not found|no such file/i;
const NOT_EXECUTED = /permission denied|cannot execute|exec format|is a directory/i;
/** The exit codes after a shell's own error (an unset variable, a syntax error), an exception of Python or Ruby, or Perl's `die`. */
const CODES_OF_ERRORS: readonly number[] = [1, 2, 255];

/**
 * The line of the script that the interpreter named last: the line of an error, or the innermost frame of a traceback
 * that is in the script. Undefined when no line is named. Undefined, too, when the exit code does not fit that error,
 * because the script then went on after it. The number is not trusted: the job may print any.
 */
export function findNamedLine(stderr: string, exitCode: number): number | undefined {
  const [, number, message = ""] = [...stderr.matchAll(LINE_OF_SCRIPT)].at(-1) ?? [];
  if (number === undefined || Number(number) === 0) return undefined;
  return canEndBy(exitCode, message) ? Number(number) : undefined;
}

function canEndBy(exitCode: number, message: string): boolean {
  if (exitCode === 127) return NOT_FOUND.test(message);
  if (exitCode === 126) return NOT_EXECUTED.test(message);
  // A shell that finds no command goes on with the next line, unless that was the last one: then it ends with 127.
  return CODES_OF_ERRORS.includes(exitCode) && !message.includes("not found");
}
