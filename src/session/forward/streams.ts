import type { Link } from "./link.ts";
import { numberBytes, Violation } from "./packets.ts";
import { PIECE, Stream, WINDOW } from "./stream.ts";

/**
 * The frames. `open` and `size` are the runner's; `opened`, `refused` and `exited` are the container's. `bye` ends the forward. `size` and
 * `exited` are of a program on a terminal: its window, and its exit code.
 */
export const FrameKind = {
  ...{ open: 1, opened: 2, refused: 3, data: 4 },
  ...{ end: 5, reset: 6, credit: 7, bye: 8, size: 9, exited: 10 },
} as const;
type Kind = (typeof FrameKind)[keyof typeof FrameKind];

/** The most streams at a time. */
export const MOST_STREAMS = 256;
const LONGEST_TEXT = 300;
const HEAD_BYTES = 5;
const OFFSET_BYTES = 6;

/** A terminal's window, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

/** Why the container opened no connection, by the number in a `refused` frame. */
const REFUSALS = ["failed", "unknown-name", "refused", "no-route", "timed-out", "forbidden"] as const;
export type Refusal = (typeof REFUSALS)[number];

export type StreamEvent =
  | { readonly kind: "opened" | "end" | "reset"; readonly stream: number }
  | { readonly kind: "refused"; readonly stream: number; readonly why: Refusal; readonly text: string }
  | { readonly kind: "data"; readonly stream: number; readonly bytes: Buffer }
  | { readonly kind: "exited"; readonly stream: number; readonly code: number }
  /** The container has ended the forward. */
  | { readonly kind: "bye"; readonly stream: 0; readonly text: string };

/**
 * The streams of a forward, one for each connection, without I/O. A direction of a stream has credit: at most `WINDOW` bytes that its
 * reader has not taken. So a slow reader stops nobody else, and nothing piles up.
 */
export class Streams {
  readonly #link: Link;
  readonly #open = new Map<number, Stream>();
  #last = 0;
  #events: StreamEvent[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  get count(): number {
    return this.#open.size;
  }

  isOpen(of: number): boolean {
    return this.#open.has(of);
  }

  takeEvents(): readonly StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Opens a stream to this target of the list that the container has. Data may follow at once. Undefined when too many are open. */
  open(target: number): number | undefined {
    if (this.#open.size >= MOST_STREAMS) return undefined;
    this.#last += 1;
    this.#open.set(this.#last, new Stream());
    this.#put(FrameKind.open, this.#last, numberBytes(target, 2));
    return this.#last;
  }

  /** How many bytes of this stream `send` takes now. */
  allowed(of: number): number {
    return this.#link.hasRoom ? (this.#open.get(of)?.allowed ?? 0) : 0;
  }

  send(of: number, bytes: Uint8Array): void {
    const stream = this.#open.get(of);
    if (stream === undefined || bytes.length > stream.allowed)
      throw new RangeError("more than the stream allows");
    this.#put(FrameKind.data, of, Buffer.concat([numberBytes(stream.sent), stream.pack(bytes)]));
    stream.sent += bytes.length;
  }

  /** Tells the program at the far end of this stream how large its terminal is. */
  resize(of: number, { rows, cols }: TerminalSize): void {
    if (this.#open.has(of))
      this.#put(FrameKind.size, of, Buffer.concat([rows, cols].map((each) => numberBytes(each, 2))));
  }

  /** Our side sends no more; the other direction goes on. */
  end(of: number): void {
    const stream = this.#open.get(of);
    if (stream === undefined || stream.isEnded) return;
    stream.isEnded = true;
    this.#put(FrameKind.end, of, numberBytes(stream.sent));
    this.#settle(of, stream);
  }

  reset(of: number): void {
    if (this.#open.delete(of)) this.#put(FrameKind.reset, of);
  }

  /** Our reader has taken so many more bytes. */
  consumed(of: number, count: number): void {
    const stream = this.#open.get(of);
    if (stream === undefined) return;
    stream.consumed += count;
    this.#settle(of, stream);
  }

  /** Tells the container that the forward ends. */
  bye(): void {
    this.#put(FrameKind.bye, 0);
  }

  /** Takes a line of the container. Throws `Damage` or `Violation`. */
  receive(line: Buffer, now: number): void {
    const body = this.#link.receive(line, now);
    if (body !== undefined) this.#obey(body);
  }

  #obey(body: Buffer): void {
    if (body.length < HEAD_BYTES) throw new Violation("a frame is too short");
    const [kind, of, rest] = [body.readUInt8(0), body.readUInt32BE(1), body.subarray(HEAD_BYTES)];
    if (kind === FrameKind.bye) {
      this.#events.push({ kind: "bye", stream: 0, text: textOf(rest) });
      return;
    }
    if (of === 0 || of > this.#last) throw new Violation("a frame is of a stream that was never opened");
    const stream = this.#open.get(of);
    // It has ended here, and the container did not know it yet.
    if (stream === undefined) return;
    if (kind === FrameKind.data) this.#takeData(of, stream, rest);
    else if (kind === FrameKind.opened && !stream.isOpened) {
      stream.isOpened = true;
      this.#events.push({ kind: "opened", stream: of });
    } else if (kind === FrameKind.refused && !stream.isOpened) {
      this.#open.delete(of);
      const why = REFUSALS[rest[0] ?? 0] ?? "failed";
      this.#events.push({ kind: "refused", stream: of, why, text: textOf(rest.subarray(1)) });
    } else if (kind === FrameKind.exited && stream.isOpened && !stream.hasEndCome && rest.length === 1) {
      this.#events.push({ kind: "exited", stream: of, code: rest.readUInt8(0) });
    } else if (kind === FrameKind.reset) {
      this.#open.delete(of);
      this.#events.push({ kind: "reset", stream: of });
    } else if (kind === FrameKind.end && offsetOf(rest) === stream.came && !stream.hasEndCome) {
      stream.hasEndCome = true;
      this.#events.push({ kind: "end", stream: of });
      this.#settle(of, stream);
    } else if (kind === FrameKind.credit && offsetOf(rest) >= stream.taken && offsetOf(rest) <= stream.sent) {
      stream.taken = offsetOf(rest);
      this.#settle(of, stream);
    } else throw new Violation(`a frame of kind ${kind} does not fit its stream`);
  }

  #takeData(of: number, stream: Stream, rest: Buffer): void {
    const offset = offsetOf(rest.subarray(0, OFFSET_BYTES));
    if (!stream.isOpened || stream.hasEndCome || offset !== stream.came)
      throw new Violation("data does not go on where its stream stands");
    const bytes = stream.unpack(rest[OFFSET_BYTES], rest.subarray(OFFSET_BYTES + 1));
    const isAllowed = stream.came + bytes.length <= stream.consumed + WINDOW;
    if (bytes.length === 0 || bytes.length > PIECE || !isAllowed)
      throw new Violation("data is more than its stream's credit");
    stream.came += bytes.length;
    this.#events.push({ kind: "data", stream: of, bytes });
  }

  /** Tells the container what our reader has taken, when that is worth a frame or was the last. Forgets a stream that is over. */
  #settle(of: number, stream: Stream): void {
    const isAll = stream.isAllConsumed;
    if (stream.consumed - stream.told >= WINDOW / 4 || (isAll && !stream.isAllTold)) {
      this.#put(FrameKind.credit, of, numberBytes(stream.consumed));
      stream.told = stream.consumed;
      stream.isAllTold = isAll;
    }
    if (stream.isOver) this.#open.delete(of);
  }

  #put(kind: Kind, of: number, rest: Buffer = Buffer.alloc(0)): void {
    this.#link.put(Buffer.concat([Buffer.of(kind), numberBytes(of, 4), rest]));
  }
}

function textOf(rest: Buffer): string {
  return rest.subarray(0, LONGEST_TEXT).toString();
}

/** NaN for anything but an offset, which equals nothing. */
function offsetOf(rest: Buffer): number {
  return rest.length === OFFSET_BYTES ? rest.readUIntBE(0, OFFSET_BYTES) : NaN;
}
