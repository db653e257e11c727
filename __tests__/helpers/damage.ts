import type { Random } from "./seeds.ts";
import { between, pick, randomOf } from "./seeds.ts";

/** Bytes that are more likely to break something than random ones. */
const TELLING = [
  0x00, 0x07, 0x0a, 0x0d, 0x1b, 0x20, 0x23, 0x25, 0x2e, 0x30, 0x39, 0x3b, 0x5d, 0x7f, 0x80, 0xff,
];

/** A copy, damaged one to three times: bytes changed, removed, doubled, cut off at the end, or replaced with bytes of `other`. */
export function damage(random: Random, bytes: Uint8Array, other: Uint8Array): Buffer {
  let copy = Buffer.from(bytes);
  for (let count = between(random, 1, 3); count > 0 && copy.length > 0; count--) {
    const at = between(random, 0, copy.length - 1);
    const end = Math.min(copy.length, at + between(random, 1, pick(random, [1, 4, 64])));
    switch (between(random, 0, 6)) {
      case 0:
        copy[at] = (copy[at] ?? 0) ^ (1 << between(random, 0, 7));
        break;
      case 1:
        copy[at] = pick(random, TELLING);
        break;
      case 2:
        copy.fill(between(random, 0, 255), at, end);
        break;
      case 3:
        copy = Buffer.concat([copy.subarray(0, at), copy.subarray(end)]);
        break;
      case 4:
        copy = Buffer.concat([copy.subarray(0, end), copy.subarray(at)]);
        break;
      case 5:
        copy = copy.subarray(0, at);
        break;
      default: {
        const from = between(random, 0, other.length);
        copy = Buffer.concat([copy.subarray(0, at), other.subarray(from, from + 200), copy.subarray(end)]);
      }
    }
  }
  return copy;
}

const POOL = Buffer.alloc(64 * 1024);
const fill = randomOf(1);
for (let at = 0; at < POOL.length; at++) POOL[at] = fill() * 256;

/** Returns `length` random bytes, at most 1,024. */
export function randomBytesOf(random: Random, length: number): Buffer {
  const from = between(random, 0, POOL.length - 1_024);
  return Buffer.from(POOL.subarray(from, from + length));
}
