/** Numbers from 0 up to but not including 1, the same for the same seed. */
export type Random = () => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  // Neighbouring seeds would begin with similar numbers.
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Whether something happens that happens with this probability. */
export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

/** `bytes` random bytes. */
export function randomBuffer(random: Random, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}

/** A random UUID (version 4). */
export function randomId(random: Random): string {
  const hex = randomBuffer(random, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
