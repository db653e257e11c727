import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Violation } from "./packets.ts";

/** The bytes of a stream, in each direction, that its reader has not taken yet. */
export const WINDOW = 262_144;
/** A piece of data is as long as this, or as the second where it can't be packed: a piece keeps others waiting. */
export const PIECE = 32_768;
const PLAIN_PIECE = 8_192;
/** A shorter piece is not worth packing. */
const WORTH_PACKING = 128;
/** After a piece that can't be packed, packing is not tried for so many. */
const UNTRIED = 8;
const PACKED_SHARE = 0.8;

/** The state of one stream. Both directions are numbered in bytes. */
export class Stream {
  sent = 0;
  /** Bytes of those sent that the container's reader has taken. */
  taken = 0;
  came = 0;
  /** Bytes of those that came that our reader has taken. */
  consumed = 0;
  /** As the container knows `consumed`. */
  told = 0;
  isEnded = false;
  hasEndCome = false;
  isAllTold = false;
  isOpened = false;
  #untried = 0;

  /** How many bytes may be sent now. */
  get allowed(): number {
    if (this.isEnded) return 0;
    return Math.min(this.#untried > 0 ? PLAIN_PIECE : PIECE, this.taken + WINDOW - this.sent);
  }

  /** All that came was taken, and there will be no more. */
  get isAllConsumed(): boolean {
    return this.hasEndCome && this.consumed === this.came;
  }

  /** Both directions have ended, and each reader has all. */
  get isOver(): boolean {
    return this.isEnded && this.taken === this.sent && this.isAllConsumed;
  }

  /** The flag and the bytes as they are sent: packed where that makes them shorter. */
  pack(bytes: Uint8Array): Buffer {
    const plain = Buffer.concat([Buffer.of(0), bytes]);
    if (this.#untried > 1) {
      this.#untried -= 1;
      return plain;
    }
    if (bytes.length < WORTH_PACKING) return plain;
    const packed = deflateRawSync(bytes, { level: constants.Z_BEST_SPEED });
    this.#untried = packed.length > PACKED_SHARE * bytes.length ? UNTRIED : 0;
    return this.#untried > 0 ? plain : Buffer.concat([Buffer.of(1), packed]);
  }
}

/** The bytes of a piece as `pack` makes it. Throws `Violation` for anything else. */
export function unpack(flag: number | undefined, bytes: Buffer): Buffer {
  if (flag === 0) return bytes;
  if (flag !== 1) throw new Violation("data has no form");
  try {
    const { buffer, engine } = inflateRawSync(bytes, { maxOutputLength: PIECE, info: true }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten !== bytes.length) throw new Violation("packed data is too long");
    return buffer;
  } catch (error) {
    throw error instanceof Violation ? error : new Violation("packed data can't be unpacked");
  }
}
