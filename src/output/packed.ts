import { gunzipSync } from "node:zlib";

/** A piece of the spool that came packed, as it was announced, and its text so far. */
export interface Packed {
  readonly offset: number;
  readonly length: number;
  readonly text: string[];
  size: number;
}

export const NO_PACK: Packed = { offset: 0, length: 0, text: [], size: 0 };

/** A piece of 1 MiB that gzip can't make smaller, in base64 with line ends, and room to spare. */
export const LARGEST_PACK = 4 * 1024 * 1024;

/** What zlib wants to have left at the end, and more than the least that it takes. */
const ROOM = 64;

/** Undefined where it isn't what was packed: gzip's own checksum tells. */
export function inflate(base64: string, length: number): Buffer | undefined {
  if (length > LARGEST_PACK) return undefined;
  try {
    // In one piece: chunks that are joined would be as much again.
    const size = length + ROOM;
    const data = gunzipSync(Buffer.from(base64, "base64"), { chunkSize: size, maxOutputLength: size });
    return data.length === length ? data : undefined;
  } catch {
    return undefined;
  }
}
