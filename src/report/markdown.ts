import { harmlessLine } from "../show/sanitise.ts";

/**
 * What is not ours is shown in code spans only. The library for it, mdast-util-to-markdown with mdast-util-gfm-table, writes the same spans, but
 * loses a backslash before a bar in a cell of a table, so it is not used. Tests read what is written here by a parser of Markdown.
 */

/**
 * One line of untrusted text as a code span, in which Markdown has no links, HTML or mentions. Backslashes would not
 * be enough: GitHub makes links of bare addresses.
 */
export function literal(text: string): string {
  const line = harmlessLine(text).trim();
  if (line === "") return "";
  const runs = line.match(/`+/g) ?? [];
  const longest = Math.max(0, ...runs.map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? fence + line + fence : `${fence} ${line} ${fence}`;
}

/** The same for a cell of a table. GitHub splits a row at bars before it parses code spans. */
export function literalCell(text: string): string {
  return literal(text).replaceAll("|", "\\|");
}

/** A link to a trusted address, with an untrusted text. */
export function link(text: string, url: string): string {
  const address = new URL(url).href.replace(/[()<>|\\`]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `[${literalCell(text)}](${address})`;
}
