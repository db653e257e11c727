import { gunzipSync } from "node:zlib";
import { Bytes } from "../../session/bytes.ts";

/** The most bytes of a piece's base64 text, and of its unpacked bytes, for a job that is alone. 1 MiB that gzip can't shrink takes 1.4 MB. */
export const LARGEST_PACK = 2 * 1024 * 1024;

/** Bytes of the output buffer beyond the piece: zlib needs free bytes behind the data. */
const MARGIN = 64;

/** A packed piece of the spool: its announced position and length, and its text so far. */
export class PackedPiece {
  readonly offset: number;
  readonly length: number;
  readonly #most: number;
  readonly #text: Bytes;

  /** `most`: the most bytes of the text, and of the unpacked bytes. */
  constructor(offset: number, length: number, most = LARGEST_PACK) {
    this.offset = offset;
    this.length = length;
    this.#most = most;
    this.#text = new Bytes(most);
  }

  /** Keeps no more than it may. A longer text then can't be unpacked. */
  push(text: Buffer): void {
    this.#text.push(text.subarray(0, this.#most - this.#text.length));
  }

  /** The unpacked bytes; undefined when gzip's checksum or the length does not match. */
  inflate(): Buffer | undefined {
    if (this.length > this.#most) return undefined;
    try {
      // One output buffer: joining chunks would need twice the memory.
      const size = this.length + MARGIN;
      const packed = Buffer.from(this.#text.take().toString("latin1"), "base64");
      const data = gunzipSync(packed, { chunkSize: size, maxOutputLength: size });
      return data.length === this.length ? data : undefined;
    } catch {
      return undefined;
    }
  }
}
