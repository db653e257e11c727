import { harmlessLine } from "./show/sanitise.ts";

/**
 * Untrusted text is shown in code spans only. The library mdast-util-to-markdown with mdast-util-gfm-table would write the same spans, but it
 * loses a backslash before a bar in a cell of a table. So this file writes them itself. Tests read them with a parser of Markdown.
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

/** The code span for a cell of a table. GitHub splits a row at bars before it parses code spans. */
export function literalCell(text: string): string {
  return literal(text).replaceAll("|", "\\|");
}

/** A link with an untrusted text to a trusted address. */
export function link(text: string, url: string): string {
  const address = new URL(url).href.replace(/[()<>|\\`]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `[${literalCell(text)}](${address})`;
}

/** Lines that are folded under a title. The blank lines let GitHub read what is inside as Markdown. */
export function foldLines(title: string, lines: readonly string[]): string[] {
  return [`<details><summary>${title}</summary>`, "", ...lines, "", "</details>", ""];
}

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/;

/** Markdown that ends its last line and its last block of code: what follows is not part of either. */
export function wholeMarkdown(text: string): string {
  if (text === "") return "";
  let open = "";
  for (const line of text.split("\n")) {
    const [, fence = "", rest = ""] = FENCE.exec(line.replace(/\r$/, "")) ?? [];
    if (open === "") open = fence;
    else if (fence.startsWith(open) && rest.trim() === "") open = "";
  }
  return `${text}${text.endsWith("\n") ? "" : "\n"}${open === "" ? "" : `${open}\n`}`;
}
