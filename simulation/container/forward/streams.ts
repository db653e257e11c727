import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { ContainerLink } from "./link.ts";
import { bytesOf, Violation } from "./seal.ts";

const Frame = {
  ...{ open: 1, opened: 2, refused: 3, data: 4, end: 5 },
  ...{ reset: 6, credit: 7, bye: 8 },
} as const;

/** Bytes of a direction that its reader has not taken yet. */
const WINDOW = 262_144;
const MOST_STREAMS = 256;
const PIECE = 32_768;
const PLAIN_PIECE = 8_192;
const WORTH_PACKING = 128;
const NOT_TRIED = 8;

/** What the runner wants of a connection. */
export type Wish =
  | { readonly kind: "open"; readonly of: number; readonly target: number }
  | { readonly kind: "data"; readonly of: number; readonly bytes: Buffer }
  | { readonly kind: "end"; readonly of: number }
  | { readonly kind: "reset"; readonly of: number }
  | { readonly kind: "bye"; readonly of: 0 };

interface Stream {
  /** To the runner: bytes sent, those of them that its reader has taken, whether the end was sent. */
  sent: number;
  taken: number;
  ended: boolean;
  /** From the runner: bytes that came, that our reader has taken, that the runner knows of. */
  came: number;
  consumed: number;
  told: number;
  endCame: boolean;
  endTold: boolean;
  notTried: number;
  /** The last bytes of each direction, which are the dictionary of its next piece. */
  lastSent: Buffer;
  lastCame: Buffer;
}

/** The container's end of the streams. */
export class ContainerStreams {
  readonly #link: ContainerLink;
  readonly #targets: number;
  readonly #streams = new Map<number, Stream>();
  #last = 0;

  constructor(link: ContainerLink, targets: number) {
    this.#link = link;
    this.#targets = targets;
  }

  isOpen(of: number): boolean {
    return this.#streams.has(of);
  }

  /** What a frame of the runner asks for. */
  obey(body: Buffer): Wish | undefined {
    if (body.length < 5) throw new Violation("a frame is too short");
    const [kind, of, rest] = [body.readUInt8(0), body.readUInt32BE(1), body.subarray(5)];
    if (kind === Frame.bye) return { kind: "bye", of: 0 };
    if (kind === Frame.open) return this.#open(of, rest);
    if (of === 0 || of > this.#last) throw new Violation("a frame is of a stream that was never opened");
    const stream = this.#streams.get(of);
    if (stream === undefined) return undefined;
    const offset = rest.length === 6 ? rest.readUIntBE(0, 6) : undefined;
    switch (kind) {
      case Frame.data:
        return { kind: "data", of, bytes: this.#unpack(stream, rest) };
      case Frame.end:
        if (offset !== stream.came || stream.endCame) break;
        stream.endCame = true;
        this.#settle(of, stream);
        return { kind: "end", of };
      case Frame.reset:
        this.#streams.delete(of);
        return { kind: "reset", of };
      case Frame.credit:
        if (offset === undefined || offset < stream.taken || offset > stream.sent) break;
        stream.taken = offset;
        this.#settle(of, stream);
        return undefined;
    }
    throw new Violation(`a frame of kind ${kind} does not fit its stream`);
  }

  opened(of: number): void {
    if (this.#streams.has(of)) this.#put(Frame.opened, of);
  }

  refused(of: number, why: number, text: string): void {
    if (this.#streams.delete(of))
      this.#put(Frame.refused, of, Buffer.concat([Buffer.of(why), Buffer.from(text)]));
  }

  /** How many bytes `send` takes now. */
  room(of: number): number {
    const stream = this.#streams.get(of);
    if (stream === undefined || stream.ended || !this.#link.hasRoom) return 0;
    return Math.min(stream.notTried > 0 ? PLAIN_PIECE : PIECE, stream.taken + WINDOW - stream.sent);
  }

  send(of: number, bytes: Buffer): void {
    const stream = this.#streams.get(of);
    if (stream === undefined) return;
    const packed = pack(stream, bytes);
    const piece = packed === undefined ? [Buffer.of(0), bytes] : [Buffer.of(1), packed];
    this.#put(Frame.data, of, Buffer.concat([bytesOf(stream.sent), ...piece]));
    stream.sent += bytes.length;
    stream.lastSent = Buffer.concat([stream.lastSent, bytes]).subarray(-PIECE);
  }

  end(of: number): void {
    const stream = this.#streams.get(of);
    if (stream === undefined || stream.ended) return;
    stream.ended = true;
    this.#put(Frame.end, of, bytesOf(stream.sent));
    this.#settle(of, stream);
  }

  reset(of: number): void {
    if (this.#streams.delete(of)) this.#put(Frame.reset, of);
  }

  consumed(of: number, count: number): void {
    const stream = this.#streams.get(of);
    if (stream === undefined) return;
    stream.consumed += count;
    this.#settle(of, stream);
  }

  bye(text: string): void {
    this.#put(Frame.bye, 0, Buffer.from(text));
  }

  #open(of: number, rest: Buffer): Wish {
    const target = rest.length === 2 ? rest.readUInt16BE(0) : Infinity;
    if (of <= this.#last || target >= this.#targets)
      throw new Violation("a stream is opened out of order, or to an address that is not listed");
    if (this.#streams.size >= MOST_STREAMS) throw new Violation("too many streams are open");
    this.#last = of;
    this.#streams.set(of, {
      ...{ sent: 0, taken: 0, ended: false },
      ...{ came: 0, consumed: 0, told: 0, endCame: false, endTold: false },
      ...{ notTried: 0, lastSent: Buffer.alloc(0), lastCame: Buffer.alloc(0) },
    });
    return { kind: "open", of, target };
  }

  #unpack(stream: Stream, rest: Buffer): Buffer {
    const isNext = rest.length >= 8 && rest.readUIntBE(0, 6) === stream.came;
    const flag = rest[6];
    if (!isNext || (flag !== 0 && flag !== 1) || stream.endCame)
      throw new Violation("data does not go on where its stream stands");
    const piece = rest.subarray(7);
    const bytes = flag === 0 ? piece : inflated(piece, stream.lastCame);
    if (bytes.length === 0 || bytes.length > PIECE || stream.came + bytes.length > stream.consumed + WINDOW)
      throw new Violation("data is more than its stream's credit");
    stream.came += bytes.length;
    stream.lastCame = Buffer.concat([stream.lastCame, bytes]).subarray(-PIECE);
    return bytes;
  }

  #settle(of: number, stream: Stream): void {
    const isAll = stream.endCame && stream.consumed === stream.came;
    if (stream.consumed - stream.told >= WINDOW / 4 || (isAll && !stream.endTold)) {
      this.#put(Frame.credit, of, bytesOf(stream.consumed));
      stream.told = stream.consumed;
      stream.endTold = isAll;
    }
    if (stream.ended && stream.taken === stream.sent && isAll) this.#streams.delete(of);
  }

  #put(kind: number, of: number, rest: Buffer = Buffer.alloc(0)): void {
    this.#link.put(Buffer.concat([Buffer.of(kind), bytesOf(of, 4), rest]));
  }
}

function pack(stream: Stream, bytes: Buffer): Buffer | undefined {
  if (stream.notTried > 1) stream.notTried -= 1;
  else if (bytes.length >= WORTH_PACKING) {
    const packed = deflateRawSync(bytes, dictionaryOf(stream.lastSent));
    stream.notTried = packed.length > 0.8 * bytes.length ? NOT_TRIED : 0;
    return stream.notTried > 0 ? undefined : packed;
  }
  return undefined;
}

function inflated(piece: Buffer, last: Buffer): Buffer {
  try {
    return inflateRawSync(piece, { ...dictionaryOf(last), maxOutputLength: PIECE });
  } catch {
    throw new Violation("packed data can't be unpacked");
  }
}

function dictionaryOf(last: Buffer): { readonly dictionary?: Buffer } {
  return last.length === 0 ? {} : { dictionary: last };
}
