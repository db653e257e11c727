/** The most characters of a line of the step's own, and of a text of several lines. The runner keeps 4,096 of an annotation. */
export const LONGEST_OWN_LINE = 4_000;
export const LONGEST_OWN_TEXT = 16_000;

/**
 * The text as one line that holds no workflow command and no invisible characters. The text may come from a
 * container, a bucket or AWS. Line breaks become spaces, so that a text can't look like another line of the step.
 */
export function harmlessLine(text: string, longest = LONGEST_OWN_LINE): string {
  return escapeCommands(cutText(removeInvisible(joinLines(beginningOf(text, longest))), longest)).trimEnd();
}

/** The same for a message of several lines: an annotation, or a part of the summary. */
export function harmlessText(text: string, longest = LONGEST_OWN_TEXT): string {
  const lines = beginningOf(text, longest).split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/);
  return cutText(lines.map((line) => escapeCommands(removeInvisible(line)).trimEnd()).join("\n"), longest);
}

/** What the log viewer reads as an old command, at the beginning of a line. */
export const BRACKET_COMMAND = "##[";

const LINE_BREAK = /[\n\v\f\r\u0085\u2028\u2029]/;
/** Control characters, invisible formatting such as the direction of writing, and unpaired surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * Sequences of a terminal (ECMA-48): a title or a link with its end, a control sequence, any other escape. The first character of a sequence
 * stands nowhere within one. So a search that fails ends before the next sequence, and all searches together take time in proportion to the
 * text. `stripVTControlCharacters` of node:util needs time with the square of it.
 */
const SEQUENCE =
  // eslint-disable-next-line no-control-regex -- these characters begin and end a sequence
  /(?:\x1b\]|\x9d)[^\x07\x1b\x9b-\x9d]*(?:\x07|\x1b\\|\x9c)|(?:\x1b\[|\x9b(?=[0-?]))[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/** The text without the sequences by which a program colours it, or sets a title or a link. */
export function removeSequences(text: string): string {
  return text.replace(SEQUENCE, "");
}

/** The lines as one, with a blank for what is white between them. Takes time in proportion to the text. */
function joinLines(text: string): string {
  const lines = text.split(LINE_BREAK);
  const last = lines.length - 1;
  return lines
    .map((line, i) => (i === 0 ? line : line.trimStart()))
    .map((line, i) => (i === last ? line : line.trimEnd()))
    .filter((line, i) => i === 0 || i === last || line !== "")
    .join(" ");
}

/** The beginning of a text, so that a huge one costs no time. It is cut exactly later. */
function beginningOf(text: string, longest: number): string {
  return text.slice(0, 4 * longest);
}

function removeInvisible(text: string): string {
  return removeSequences(text).replaceAll("\t", " ").replace(INVISIBLE, "");
}

function cutText(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/\p{Cs}$/u, "")}…`;
}

/**
 * Puts a backslash into workflow commands. The runner obeys `::name::` at the start of a line, also after blanks, and `##[name]`
 * anywhere (actions/runner, `ActionCommand.cs`). Its comparison skips invisible characters, so they have to be
 * removed first.
 */
function escapeCommands(line: string): string {
  return line.replace(/^(\s*)::/, "$1\\::").replaceAll(BRACKET_COMMAND, "##\\[");
}
