/**
 * The most characters of a text from a container or an agent that are kept. The container's own messages are never
 * longer than that.
 */
export const LONGEST_WORDS = 600;

/** A text from a container or an agent, trimmed and cut to `LONGEST_WORDS` characters. */
export function clipText(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST_WORDS ? trimmed : `${trimmed.slice(0, LONGEST_WORDS - 1)}…`;
}

/** A copy of the text. V8 keeps a whole string in memory as long as a substring of it, and a copy does not. */
export function copyText(text: string): string {
  return Buffer.from(text).toString();
}
