import { harmlessLine } from "../show/sanitise.ts";

/** The most characters of a line of the job in an annotation. */
const LONGEST_WORDS = 300;

/** The last line of a standard error that is not blank; undefined where there is none. */
export function lastLine(stderr: string, worker: number): string | undefined {
  const lines = stderr
    .split(/\r\n|[\r\n]/)
    .map((line) => harmlessLine(withoutLabel(line, worker), LONGEST_WORDS));
  return lines.findLast((line) => line.trim() !== "");
}

/** The container puts the worker's number before each line where there are several workers. */
function withoutLabel(line: string, worker: number): string {
  const label = `[${worker}] `;
  return line.startsWith(label) ? line.slice(label.length) : line;
}

/**
 * How interpreters name a line of the script in their messages: `script: 3:` (dash), `script: line 3:` (bash and
 * busybox), `script:3:` (zsh, Ruby), `"…/script", line 3` (Python), `script line 3.` (Perl). The script's path
 * is that of the job directory, see `container/main.sh`.
 */
const LINE_OF_SCRIPT = /\/fargate-exec-[\w-]+\/script(?:"?,? line |: line |: ?)(\d{1,7})\b/g;

/**
 * The line of the script that the interpreter named last: the line of an error, the innermost frame of a traceback
 * that is in the script. Undefined where none is named. The job may print any number.
 */
export function namedLine(stderr: string): number | undefined {
  const last = [...stderr.matchAll(LINE_OF_SCRIPT)].at(-1)?.[1];
  return last === undefined || Number(last) === 0 ? undefined : Number(last);
}
