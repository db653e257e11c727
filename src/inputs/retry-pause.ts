/** The first pause and the longest one, in milliseconds, before chance lengthens them. Each pause is twice as long as the one before it. */
const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;
/** Chance lengthens a pause by up to this part of it, so that jobs that fail together don't run again together. */
const SPREAD = 0.5;

/** The pause after the attempt with this number (from 1), in milliseconds. `chance` is from 0 to 1. */
export function retryPause(attempt: number, chance: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)) * (1 + SPREAD * chance);
}

/** The most milliseconds that the pauses between `attempts` attempts may take together. */
export function longestPauses(attempts: number): number {
  const pauses = Array.from({ length: attempts - 1 }, (_, at) => retryPause(at + 1, 1));
  return pauses.reduce((sum, pause) => sum + pause, 0);
}
