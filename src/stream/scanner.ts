import { BEL, LONGEST_MARK, sessionMark } from "./marks.ts";

/** A piece of what a terminal showed: bytes between marks, or the text of a mark behind the nonce. */
export type Piece =
  { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "mark"; readonly text: string };

const NOTHING = Buffer.alloc(0);

/**
 * Finds the marks of one nonce in bytes that come in pieces of any size. Holds back at most the beginning of one
 * mark. Drops the beginning of a mark that is longer than any mark.
 */
export class MarkScanner {
  readonly #mark: Buffer;
  #pending: Buffer = NOTHING;

  constructor(nonce: string) {
    this.#mark = Buffer.from(sessionMark(nonce));
  }

  /** Prepares for another session: forgets an incomplete mark. */
  restart(): void {
    this.#pending = NOTHING;
  }

  /** The pieces of these bytes. The caller has to read them to the end, or stop using the scanner. */
  *scan(bytes: Uint8Array): Generator<Piece> {
    let data = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    this.#pending = NOTHING;
    for (let at = data.indexOf(this.#mark); at >= 0; at = data.indexOf(this.#mark)) {
      if (at > 0) yield { kind: "bytes", bytes: data.subarray(0, at) };
      data = data.subarray(at);
      const end = data.subarray(0, LONGEST_MARK).indexOf(BEL);
      if (end >= 0) {
        yield { kind: "mark", text: data.toString("utf8", this.#mark.length, end) };
        data = data.subarray(end + 1);
      } else if (data.length < LONGEST_MARK) {
        this.#pending = Buffer.from(data);
        return;
      } else {
        data = data.subarray(this.#mark.length);
      }
    }
    const plain = data.length - partialLength(data, this.#mark);
    if (plain > 0) yield { kind: "bytes", bytes: data.subarray(0, plain) };
    // A copy, because a view would keep the whole frame alive.
    this.#pending = Buffer.from(data.subarray(plain));
  }
}

/** How many bytes at the end of `data` may be the beginning of `mark`. */
function partialLength(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length -= 1) {
    if (data.compare(mark, 0, length, data.length - length) === 0) return length;
  }
  return 0;
}
