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
  const buffer = Buffer.alloc(Math.ceil(bytes / 4) * 4);
  for (let at = 0; at < bytes; at += 4) {
    const word = Math.floor(random() * 2 ** 32);
    buffer[at] = word >>> 24;
    buffer[at + 1] = word >>> 16;
    buffer[at + 2] = word >>> 8;
    buffer[at + 3] = word;
  }
  return buffer.subarray(0, bytes);
}

/** A random UUID (version 4). */
export function randomId(random: Random): string {
  const [a, b, c, d] = [digits(random), digits(random), digits(random), digits(random)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** Eight hexadecimal digits. */
function digits(random: Random): string {
  const value = Math.floor(random() * 2 ** 32);
  return (FOUR_DIGITS[value >>> 16] ?? "") + (FOUR_DIGITS[value & 0xffff] ?? "");
}

const FOUR_DIGITS = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, "0"));
