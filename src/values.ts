/** An object of JSON: neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The code of a system error, such as `ENOENT`; undefined for another error. */
export function codeOf(error: unknown): string | undefined {
  const code = isRecord(error) ? error["code"] : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * How many characters are kept of a text from a container or an agent. The container's own messages are never
 * longer.
 */
export const LONGEST_WORDS = 600;

/** A text from a container or an agent, trimmed and cut to `LONGEST_WORDS` characters. */
export function clipText(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST_WORDS ? trimmed : `${trimmed.slice(0, LONGEST_WORDS - 1)}…`;
}

/** A copy of the text. V8 keeps a whole string in memory as long as a substring of it is used, but not for a copy. */
export function copyText(text: string): string {
  return Buffer.from(text).toString();
}
