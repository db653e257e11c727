import { randomBuffer, randomOf } from "../random.ts";

/** The bytes of one block of a content. */
const BLOCK = 1_024;

/** A client sends the number of its connection first. */
export const NUMBER_BYTES = 4;

/** What one side of a connection sends: bytes that its number decides, some of which can be packed. */
export class Content {
  readonly #connection: number;
  readonly #seed: number;
  #last: { readonly block: number; readonly bytes: Buffer } | undefined;

  constructor(connection: number, way: "up" | "down") {
    this.#connection = connection;
    this.#seed = 2 * connection + (way === "up" ? 0 : 1);
  }

  /** The bytes from one offset up to another. */
  slice(from: number, to: number): Buffer {
    const pieces: Buffer[] = [];
    for (let at = from; at < to;) {
      const begin = at % BLOCK;
      const piece = this.#block(Math.floor(at / BLOCK)).subarray(begin, begin + to - at);
      pieces.push(piece);
      at += piece.length;
    }
    return Buffer.concat(pieces);
  }

  #block(block: number): Buffer {
    if (this.#last?.block !== block) this.#last = { block, bytes: this.#numbered(block, this.#make(block)) };
    return this.#last.bytes;
  }

  #numbered(block: number, bytes: Buffer): Buffer {
    if (block === 0) bytes.writeUInt32BE(this.#connection);
    return bytes;
  }

  /** Four blocks that can't be packed, then four of text. */
  #make(block: number): Buffer {
    const isPlain = (block >> 2) % 2 === this.#seed % 2;
    if (isPlain) return randomBuffer(randomOf(Math.imul(this.#seed, 0x10001) ^ block), BLOCK);
    const line = `line of ${this.#seed} in block ${block}; `;
    return Buffer.from(line.repeat(Math.ceil(BLOCK / line.length)).slice(0, BLOCK));
  }
}
