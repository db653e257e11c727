import { AnnouncementReader } from "./announcement.ts";
import { CarriageReturns } from "./carriage-returns.ts";
import { type Announcement, type Mark, parseMark } from "./marks.ts";
import { PackedPiece } from "./packed-piece.ts";
import { MarkScanner } from "./scanner.ts";
import type { SpoolEvent } from "./spool-events.ts";

/** The most notes of one session that are passed on. */
export const MOST_NOTES = 100;

/** What a terminal has shown: what the container asks for, notes, the spool. */
export type TerminalEvent =
  | Announcement
  /** The container asks for the payload to be typed. */
  | { readonly kind: "payload-wanted" }
  /** The container has got the payload and asks for the secrets. */
  | { readonly kind: "secrets-wanted" }
  /** A note of the container for the user. */
  | { readonly kind: "note"; readonly text: string }
  | SpoolEvent;

/** How far a terminal has come. */
type State =
  /** Nothing of the spool has come. Bytes are noise or the announcement. */
  | { readonly kind: "before" }
  /** The mark `@` has come, but not the end of its line. */
  | { readonly kind: "line-end" }
  | { readonly kind: "spool" }
  | { readonly kind: "packed"; readonly packed: PackedPiece }
  /** Another carrier brings the spool. */
  | { readonly kind: "released" }
  /** It has shown the end, or can no longer be trusted. */
  | { readonly kind: "over" };

/**
 * Reads what one terminal has shown, or a log of it: a live session, a CloudWatch stream, an S3 transcript. The grammar is in marks.ts. Takes bytes
 * in pieces of any size and never throws. Holds back at most one mark and one packed piece, and passes each request for input on only once.
 */
export class Terminal {
  readonly #scanner: MarkScanner;
  readonly #largestPack: number | undefined;
  readonly #returns = new CarriageReturns();
  readonly #announcement = new AnnouncementReader();
  readonly #asked = new Set<TerminalEvent["kind"]>();
  #state: State = { kind: "before" };
  /** The byte of the spool that comes next. */
  #at = 0;
  #notes = 0;

  /** `largestPack`: the most bytes of a packed piece, packed and unpacked. */
  constructor(nonce: string, largestPack?: number) {
    this.#scanner = new MarkScanner(nonce);
    this.#largestPack = largestPack;
  }

  /** From now on only notes are read. */
  release(): void {
    this.#state = { kind: "released" };
  }

  /** The events in these bytes. The caller has to read them to the end, or stop using the terminal. */
  *read(bytes: Uint8Array): Generator<TerminalEvent> {
    if (this.#isOver()) return;
    for (const piece of this.#scanner.scan(bytes)) {
      if (piece.kind === "bytes") yield* this.#readBytes(piece.bytes);
      else yield* this.#obey(parseMark(piece.text));
      // After a mismatch nothing counts, not even a status.
      if (this.#isOver()) return;
    }
  }

  #isOver(): boolean {
    return this.#state.kind === "over";
  }

  *#obey(mark: Mark | undefined): Generator<TerminalEvent> {
    if (mark?.kind === "note") yield* this.#note(mark.text);
    if (this.#state.kind === "released") return;
    switch (mark?.kind) {
      case "spool":
        if (this.#state.kind !== "before") break;
        this.#at = mark.offset;
        this.#state = { kind: "line-end" };
        yield { kind: "attached", at: mark.offset };
        break;
      case "sent":
        if (this.#state.kind === "spool") yield this.#compare(mark.offset);
        break;
      case "pack":
        // A packed piece that has not ended is given up for the next one, which has to begin at the byte that is due.
        if (this.#state.kind === "spool" || this.#state.kind === "packed")
          this.#state = {
            kind: "packed",
            packed: new PackedPiece(mark.offset, mark.length, this.#largestPack),
          };
        break;
      case "pack-end":
        if (this.#state.kind === "packed") yield* this.#unpack(this.#state.packed);
        break;
      case "payload-wanted":
      case "secrets-wanted":
        if (!this.#asked.has(mark.kind)) yield mark;
        this.#asked.add(mark.kind);
        break;
      case "end":
        this.#state = { kind: "over" };
        yield { kind: "end", length: mark.length, words: mark.status };
        break;
      case "unreadable-end":
        this.#state = { kind: "over" };
        break;
      case "refused":
        this.#state = { kind: "over" };
        yield mark;
        break;
    }
  }

  /** Compares the number of bytes that the container has sent with the number that has come. */
  #compare(sent: number): TerminalEvent {
    return sent === this.#at ? { kind: "confirmed", to: sent } : this.#mismatch(sent, this.#at);
  }

  *#unpack(packed: PackedPiece): Generator<TerminalEvent> {
    this.#state = { kind: "spool" };
    const data = packed.inflate();
    if (data === undefined || packed.offset !== this.#at) {
      yield this.#mismatch(this.#at, packed.offset);
    } else {
      yield* this.#pass(data);
      yield this.#compare(packed.offset + packed.length);
    }
  }

  #mismatch(expected: number, got: number): TerminalEvent {
    this.#state = { kind: "over" };
    return { kind: "mismatch", expected, got };
  }

  *#note(text: string): Generator<TerminalEvent> {
    this.#notes += 1;
    if (this.#notes <= MOST_NOTES) yield { kind: "note", text };
    else if (this.#notes === MOST_NOTES + 1) yield { kind: "note", text: "Further notes are not shown." };
  }

  /** Reads bytes between marks: noise, the spool with the terminal's CRs, or packed text. */
  *#readBytes(bytes: Buffer): Generator<TerminalEvent> {
    switch (this.#state.kind) {
      case "before": {
        const announcement = this.#announcement.read(bytes);
        if (announcement !== undefined) yield announcement;
        break;
      }
      case "line-end": {
        const rest = this.#returns.learn(bytes);
        if (rest === undefined) return;
        this.#state = { kind: "spool" };
        yield* this.#pass(this.#returns.strip(rest));
        break;
      }
      case "spool":
        yield* this.#pass(this.#returns.strip(bytes));
        break;
      case "packed":
        this.#state.packed.push(bytes);
        break;
    }
  }

  *#pass(bytes: Buffer): Generator<TerminalEvent> {
    if (bytes.length === 0) return;
    const at = this.#at;
    this.#at += bytes.length;
    yield { kind: "bytes", at, bytes };
  }
}
