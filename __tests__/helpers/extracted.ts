import type { SpoolItem, SpoolOptions } from "../../src/carriers/stream/spool.ts";
import type { SpoolText } from "../../src/carriers/stream/records.ts";
import { Spool } from "../../src/carriers/stream/spool.ts";
import { Terminal, type TerminalEvent } from "../../src/carriers/stream/terminal.ts";

/** What one terminal after the other has shown of a job. */
export type SeenItem =
  | SpoolItem
  | Exclude<TerminalEvent, { kind: "attached" | "bytes" | "confirmed" | "end" | "refused" | "mismatch" }>
  | { readonly kind: "attached"; readonly offset: number };

interface Reader<Event> {
  read(bytes: Buffer): Iterable<Event>;
}

/** One carrier after the other, whose spool is taken by one reader. */
export class SeenJob {
  readonly spool: Spool;
  readonly #nonce: string;
  #terminal: Terminal;
  /** Whether pieces have begun since the last terminal. */
  #hasBegun = false;

  constructor(nonce: string, spool: Spool | number, options: SpoolOptions = {}) {
    this.spool = typeof spool === "number" ? new Spool(spool, options) : spool;
    this.#nonce = nonce;
    this.#terminal = new Terminal(nonce);
  }

  get offset(): number {
    return this.spool.offset;
  }

  get confirmed(): number {
    return this.spool.confirmed;
  }

  /** Another terminal comes. */
  restart(): void {
    this.#terminal = new Terminal(this.#nonce);
    this.#hasBegun = false;
  }

  /** Another carrier has gone on, so only notes of the terminal count. */
  release(): void {
    this.#terminal.release();
  }

  /** A piece in S3, which begins at this byte. */
  *readPiece(begin: number, bytes: Buffer): Generator<SpoolItem> {
    yield* this.#begin(begin);
    yield* this.spool.take({ kind: "bytes", at: begin, bytes });
    yield* this.spool.take({ kind: "confirmed", to: begin + bytes.length });
  }

  /** The last piece. */
  *readEnd(length: number, words: string): Generator<SpoolItem> {
    yield* this.#begin(length);
    yield* this.spool.take({ kind: "end", length, words });
  }

  *#begin(at: number): Generator<SpoolItem> {
    if (!this.#hasBegun) yield* this.spool.take({ kind: "attached", at });
    this.#hasBegun = true;
  }

  *read(bytes: Uint8Array): Generator<SeenItem> {
    for (const event of this.#terminal.read(bytes)) {
      switch (event.kind) {
        case "attached": {
          const items = [...this.spool.take(event)];
          yield* items.length > 0 ? items : [{ kind: "attached", offset: event.at } as const];
          break;
        }
        case "bytes":
        case "confirmed":
        case "end":
        case "refused":
        case "mismatch":
          yield* this.spool.take(event);
          break;
        default:
          yield event;
      }
    }
  }
}

/** Everything that the reader finds in these bytes, copied, with each line apart. */
export function extractAll<Event extends SeenItem | SpoolText>(
  reader: Reader<Event>,
  bytes: Uint8Array,
): Event[] {
  const events: Event[] = [];
  for (const event of reader.read(Buffer.from(bytes))) {
    if (event.kind !== "text") events.push(event);
    else
      for (const line of linesOf(event.bytes))
        events.push({ ...event, ...line, ends: event.ends || line.ends });
  }
  return events;
}

function linesOf(bytes: Buffer): { bytes: Buffer; ends: boolean }[] {
  const copy = Buffer.from(bytes);
  const lines: { bytes: Buffer; ends: boolean }[] = [];
  let from = 0;
  for (let end = copy.indexOf(10); end >= 0; end = copy.indexOf(10, from)) {
    lines.push({ bytes: copy.subarray(from, end), ends: true });
    from = end + 1;
  }
  lines.push({ bytes: from === 0 ? copy : copy.subarray(from), ends: false });
  return lines;
}
