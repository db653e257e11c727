/** Characters of a container's or an agent's words that are read: the container's own last words have no more. */
export const LONGEST_WORDS = 600;

/** Words of another party, as far as they are read. */
export function clipped(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST_WORDS ? trimmed : `${trimmed.slice(0, LONGEST_WORDS - 1)}…`;
}
