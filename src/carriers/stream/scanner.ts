import { Bytes } from "../../session/bytes.ts";
import { BEL, LONGEST_MARK, sessionMark } from "./marks.ts";

/** A piece of what a terminal showed: bytes between marks, or the text of a mark behind the nonce. */
export type Piece =
  { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "mark"; readonly text: string };

/**
 * Finds the marks of one nonce in bytes that come in pieces of any size. Holds back at most the beginning of one
 * mark. Drops the beginning of a mark that is longer than any mark.
 */
export class MarkScanner {
  readonly #mark: Buffer;
  #pending = new Bytes();
  /** True when what is pending begins a mark, and its end has not come yet. */
  #isOpen = false;

  constructor(nonce: string) {
    this.#mark = Buffer.from(sessionMark(nonce));
  }

  /** The pieces of these bytes. The caller has to read them to the end, or stop using the scanner. */
  *scan(bytes: Uint8Array): Generator<Piece> {
    // A mark that comes in many small pieces is joined and searched once, when its end comes.
    if (this.#isOpen && this.#pending.length + bytes.length < LONGEST_MARK && !bytes.includes(BEL_BYTE)) {
      this.#pending.push(bytes);
      return;
    }
    let data = this.#behindPending(bytes);
    this.#isOpen = false;
    for (let at = data.indexOf(this.#mark); at >= 0; at = data.indexOf(this.#mark)) {
      if (at > 0) yield { kind: "bytes", bytes: data.subarray(0, at) };
      data = data.subarray(at);
      const end = data.subarray(0, LONGEST_MARK).indexOf(BEL);
      if (end >= 0) {
        yield { kind: "mark", text: data.toString("utf8", this.#mark.length, end) };
        data = data.subarray(end + 1);
      } else if (data.length < LONGEST_MARK) {
        this.#pending.push(data);
        this.#isOpen = true;
        return;
      } else {
        data = data.subarray(this.#mark.length);
      }
    }
    const plain = data.length - partialLength(data, this.#mark);
    if (plain > 0) yield { kind: "bytes", bytes: data.subarray(0, plain) };
    // `push` copies, because a view would keep the whole frame alive.
    this.#pending.push(data.subarray(plain));
  }

  #behindPending(bytes: Uint8Array): Buffer {
    if (this.#pending.length > 0) return Buffer.concat([this.#pending.take(), bytes]);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

const BEL_BYTE = BEL.charCodeAt(0);

/** How many bytes at the end of `data` may be the beginning of `mark`. */
function partialLength(data: Buffer, mark: Buffer): number {
  const first = mark[0] ?? 0;
  const from = Math.max(0, data.length - mark.length + 1);
  for (let at = data.indexOf(first, from); at >= 0; at = data.indexOf(first, at + 1)) {
    if (data.compare(mark, 0, data.length - at, at) === 0) return data.length - at;
  }
  return 0;
}
