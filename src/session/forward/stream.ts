import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Bytes } from "../bytes.ts";
import { Violation } from "./packets.ts";

/** The bytes of a stream, in each direction, that its reader has not taken yet. */
export const WINDOW = 262_144;
/** A piece of data is as long as this, or as the second where it can't be packed: a piece keeps others waiting. */
export const PIECE = 32_768;
const PLAIN_PIECE = 8_192;
/** A shorter piece is not worth packing. */
const WORTH_PACKING = 128;
/** After a piece that can't be packed, the next one that is tried comes so many pieces later. */
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
  /** The last bytes of each direction: what packs and unpacks its next piece. */
  readonly #lastSent = new Last();
  readonly #lastCame = new Last();

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

  /** The flag and the bytes as they are sent: packed where that makes them shorter. Each piece of a stream is packed once, in order. */
  pack(bytes: Uint8Array): Buffer {
    const packed = this.#packed(bytes);
    this.#lastSent.push(bytes);
    return packed === undefined
      ? Buffer.concat([Buffer.of(0), bytes])
      : Buffer.concat([Buffer.of(1), packed]);
  }

  /** The bytes of the next piece, as the other half's `pack` makes it. Throws `Violation` for anything else. */
  unpack(flag: number | undefined, piece: Buffer): Buffer {
    if (flag !== 0 && flag !== 1) throw new Violation("data has no form");
    const bytes = flag === 0 ? piece : inflate(piece, this.#lastCame.view());
    this.#lastCame.push(bytes);
    return bytes;
  }

  #packed(bytes: Uint8Array): Buffer | undefined {
    if (this.#untried > 1) {
      this.#untried -= 1;
      return undefined;
    }
    if (bytes.length < WORTH_PACKING) return undefined;
    const packed = deflateRawSync(bytes, {
      level: constants.Z_BEST_SPEED,
      dictionary: this.#lastSent.view(),
    });
    const isShorter = packed.length <= PACKED_SHARE * bytes.length;
    this.#untried = isShorter ? 0 : UNTRIED;
    return isShorter ? packed : undefined;
  }
}

/** The end of the bytes of one direction, as long as deflate looks back. */
class Last {
  #bytes = new Bytes();

  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
    if (this.#bytes.length < 2 * PIECE) return;
    const all = this.#bytes.take();
    this.#bytes.push(all.subarray(-PIECE));
  }

  view(): Buffer {
    return this.#bytes.view().subarray(-PIECE);
  }
}

function inflate(packed: Buffer, dictionary: Buffer): Buffer {
  try {
    const options = { maxOutputLength: PIECE, info: true, dictionary };
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten !== packed.length) throw new Violation("packed data is too long");
    return buffer;
  } catch (error) {
    throw error instanceof Violation ? error : new Violation("packed data can't be unpacked");
  }
}
