/** The pause after the first attempt, and the longest one, in milliseconds. Each is twice as long as the one before it. */
const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;
/** By how much of itself chance may lengthen a pause, so that jobs that fail together don't come back together. */
const SPREAD = 0.5;

/** The pause after an attempt, by its number from 1, before the next one, in milliseconds. `chance` is from 0 to 1. */
export function retryPause(attempt: number, chance: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (1 + SPREAD * chance);
}

/** The most milliseconds that the pauses between `attempts` attempts may take together. */
export function longestPauses(attempts: number): number {
  const pauses = Array.from({ length: attempts - 1 }, (_, at) => retryPause(at + 1, 1));
  return pauses.reduce((sum, pause) => sum + pause, 0);
}
