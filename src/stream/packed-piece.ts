import { gunzipSync } from "node:zlib";
import { Bytes } from "./bytes.ts";

/**
 * The most bytes of a packed piece. A piece of 1 MiB that gzip can't make smaller has less, in base64 with line ends.
 */
export const LARGEST_PACK = 4 * 1024 * 1024;

/** Bytes of the output buffer beyond the piece: zlib needs some free at the end. */
const MARGIN = 64;

/** A packed piece of the spool: its announced position and length, and its text so far. */
export class PackedPiece {
  readonly offset: number;
  readonly length: number;
  readonly #text = new Bytes();

  constructor(offset: number, length: number) {
    this.offset = offset;
    this.length = length;
  }

  /** Keeps at most `LARGEST_PACK` bytes. The checksum of a longer text then fails. */
  push(text: Buffer): void {
    this.#text.push(text.subarray(0, LARGEST_PACK - this.#text.length));
  }

  /** The unpacked bytes; undefined when gzip's checksum or the length does not match. */
  inflate(): Buffer | undefined {
    if (this.length > LARGEST_PACK) return undefined;
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
