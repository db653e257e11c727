import { stripVTControlCharacters } from "node:util";

/** Characters of a line of ours, and of a message of several lines; the runner keeps 4,096 of an annotation. */
export const LONGEST_LINE = 4_000;
export const LONGEST_MESSAGE = 16_000;

/**
 * One line that says nothing to the runner and nothing but its text to people, whatever text it is given: a container,
 * a bucket or AWS may have worded it. Line breaks become spaces, so that no text can look like another line of ours.
 */
export function harmlessLine(text: string, longest = LONGEST_LINE): string {
  return broken(cut(visible(begin(text, longest).replace(LINE_BREAKS, " ")), longest)).trimEnd();
}

/** The same for a message that may have several lines: an annotation, or a part of the summary. */
export function harmlessText(text: string, longest = LONGEST_MESSAGE): string {
  const lines = begin(text, longest).split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/);
  return cut(lines.map((line) => broken(visible(line)).trimEnd()).join("\n"), longest);
}

/**
 * The job's own output, as it may be shown while the guard is up. The runner obeys nothing then; but the log viewer
 * reads `##[group]`, `##[error]` and their like at the beginning of a line, and the runner ends a line at a CR too.
 */
export function harmlessOutput(lines: Buffer): Buffer {
  if (!lines.includes(BRACKET_COMMAND)) return lines;
  return Buffer.from(
    lines.toString("latin1").replace(/(^|[\r\n])##\[/g, `$1${NOTHING_TO_SEE}${BRACKET_COMMAND}`),
    "latin1",
  );
}

const BRACKET_COMMAND = "##[";
/** Resets a terminal's colours, so it shows nothing; but no line begins with `##[` any more. */
const NOTHING_TO_SEE = "\x1b[0m";

const LINE_BREAKS = /\s*[\n\v\f\r\u0085\u2028\u2029]\s*/g;
/** Controls, invisible formatting (the direction of writing among it) and halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** No more of a text than can matter: what is cut off at last must not cost anything before. */
function begin(text: string, longest: number): string {
  return text.slice(0, 4 * longest);
}

function visible(text: string): string {
  return stripVTControlCharacters(text).replaceAll("\t", " ").replace(INVISIBLE, "");
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/\p{Cs}$/u, "")}…`;
}

/**
 * The runner obeys `::name::` at a line's start, blanks before it or not, and `##[name]` anywhere (`ActionCommand.cs` in
 * github.com/actions/runner). It compares by the rules of a language, which skip invisible characters: so this comes
 * after those are gone.
 */
function broken(line: string): string {
  return line.replace(/^(\s*)::/, "$1\\::").replaceAll(BRACKET_COMMAND, "##\\[");
}
