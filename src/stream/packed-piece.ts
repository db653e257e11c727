import { gunzipSync } from "node:zlib";
import { Bytes } from "./bytes.ts";

/** A piece of 1 MiB that gzip can't make smaller, in base64 with line ends, and room to spare. */
export const LARGEST_PACK = 4 * 1024 * 1024;

/** What zlib wants to have left at the end, and more than the least that it takes. */
const ROOM = 64;

/** A piece of the spool that comes packed, as it was announced, and its text so far. */
export class PackedPiece {
  readonly offset: number;
  readonly length: number;
  readonly #text = new Bytes();

  constructor(offset: number, length: number) {
    this.offset = offset;
    this.length = length;
  }

  /** Keeps no more than the largest there is: what is cut off the checksum misses. */
  push(text: Buffer): void {
    this.#text.push(text.subarray(0, LARGEST_PACK - this.#text.length));
  }

  /** Undefined where it isn't what was packed: gzip's own checksum tells. */
  inflate(): Buffer | undefined {
    if (this.length > LARGEST_PACK) return undefined;
    try {
      // In one piece: chunks that are joined would be as much again.
      const size = this.length + ROOM;
      const packed = Buffer.from(this.#text.take().toString("latin1"), "base64");
      const data = gunzipSync(packed, { chunkSize: size, maxOutputLength: size });
      return data.length === this.length ? data : undefined;
    } catch {
      return undefined;
    }
  }
}
