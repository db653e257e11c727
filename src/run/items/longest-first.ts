/** In which order items are handed out, and what each of them is likely to take. */
export interface HandOutOrder {
  /** All indices. */
  readonly order: readonly number[];
  /** By index. Undefined: not known. Empty when so few are known that they tell nothing of the others. */
  readonly expectedSeconds: readonly (number | undefined)[];
  /** How many are known. */
  readonly known: number;
}

/** The part of the items that has to be known, so that the mean of these says what the others take. */
const ENOUGH = 0.5;

/**
 * The longest first, because a long item that begins last keeps all others waiting (R. L. Graham, Bounds on Multiprocessing Timing Anomalies, 1969).
 * Those that are not known count as the mean of the others. Items of the same length stay in the order of the list.
 */
export function longestFirst(expectedSeconds: readonly (number | undefined)[]): HandOutOrder {
  const known = expectedSeconds.filter((seconds) => seconds !== undefined);
  const mean = known.reduce((sum, seconds) => sum + seconds, 0) / Math.max(1, known.length);
  const lengths = expectedSeconds.map((seconds) => seconds ?? mean);
  const order = lengths.map((_, index) => index);
  order.sort((one, other) => (lengths[other] ?? 0) - (lengths[one] ?? 0));
  const isEnough = known.length >= ENOUGH * expectedSeconds.length;
  return { order, expectedSeconds: isEnough ? expectedSeconds : [], known: known.length };
}
