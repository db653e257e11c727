/**
 * The most characters of a text from a container or an agent that are kept. The container's own messages are never
 * longer than that.
 */
export const LONGEST_WORDS = 600;

/** A text from a container or an agent, trimmed and cut to `LONGEST_WORDS` characters. */
export function clipped(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST_WORDS ? trimmed : `${trimmed.slice(0, LONGEST_WORDS - 1)}…`;
}

/** The same text, apart from a larger one that it is a part of: V8 keeps the whole string as long as a substring of it. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
