import { AnnouncementReader } from "./announcement.ts";
import type { ExtractedItem, Gap } from "./items.ts";
import { type Mark, parseMark } from "./marks.ts";
import { PackedPiece } from "./packed-piece.ts";
import { NoteLimit, NoteReader } from "./notes.ts";
import { CarriageReturns } from "./carriage-returns.ts";
import { MarkScanner } from "./scanner.ts";
import { LONGEST_RECORD, RecordReader } from "./records.ts";
import { parseStatus } from "./status.ts";

/** How far a session has come. */
type State =
  /** Nothing of the spool has come. Bytes are noise or the announcement. */
  | { readonly kind: "before" }
  /** The mark `@` has come, but not the end of its line. */
  | { readonly kind: "line-end" }
  | { readonly kind: "spool" }
  | { readonly kind: "packed"; readonly packed: PackedPiece }
  /** The session has sent its end, or can no longer be trusted. */
  | { readonly kind: "over" };

export interface ExtractorOptions {
  /** Another step has shown the output up to this byte. */
  readonly from?: number;
  /** Whether the job's run holds a lock. */
  readonly hasLock?: boolean;
}

/**
 * Extracts the job's output and its end from what a terminal showed: a live session, its CloudWatch stream or its S3
 * transcript; or from pieces of the spool. The grammar is in marks.ts. Takes bytes in pieces of any size and never
 * throws. Holds back at most one mark and one record, and passes each request for input on only once in a session.
 */
export class Extractor {
  readonly #nonce: string;
  readonly #workers: number;
  readonly #hasLock: boolean;
  readonly #spool: RecordReader;
  readonly #scanner: MarkScanner;
  readonly #returns = new CarriageReturns();
  #announcement = new AnnouncementReader();
  #state: State = { kind: "before" };
  readonly #asked = new Set<ExtractedItem["kind"]>();
  #notes = new NoteLimit();
  /** Bytes of the spool that this session repeats. */
  #skip = 0;
  #confirmed = 0;
  /** Another step has shown the output before, so the first carrier may begin at any byte. */
  #isOpen: boolean;

  /** `workers` is the number of workers of the job. */
  constructor(nonce: string, workers: number, { from, hasLock = false }: ExtractorOptions = {}) {
    this.#nonce = nonce;
    this.#workers = workers;
    this.#hasLock = hasLock;
    this.#spool = new RecordReader(workers);
    this.#isOpen = from !== undefined;
    if (from !== undefined) this.#goTo(from);
    this.#scanner = new MarkScanner(nonce);
  }

  /** The byte of the spool at which the next session has to go on. */
  get offset(): number {
    return this.#spool.offset;
  }

  /** The byte of the spool up to which the output is certain. No session goes on before it. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Prepares for another session of the same job. */
  restart(): void {
    this.#spool.rewind();
    this.#scanner.restart();
    this.#returns.restart();
    this.#announcement = new AnnouncementReader();
    this.#state = { kind: "before" };
    this.#asked.clear();
    this.#notes = new NoteLimit();
    this.#skip = 0;
  }

  /**
   * Reads no more output from the session, and returns a reader for the session's notes. The next carrier goes on at
   * `offset`.
   */
  releaseSession(): NoteReader {
    const notes = this.#notes;
    this.restart();
    return new NoteReader(this.#nonce, notes);
  }

  /** The items in these bytes. The caller has to read them to the end, or stop using the extractor. */
  *read(bytes: Uint8Array): Generator<ExtractedItem> {
    if (this.#isOver()) return;
    for (const piece of this.#scanner.scan(bytes)) {
      if (piece.kind === "bytes") yield* this.#readBytes(piece.bytes);
      else yield* this.#obey(parseMark(piece.text));
      // After a gap nothing counts, not even a status.
      if (this.#isOver()) return;
    }
  }

  /**
   * The items in bytes of the spool that begin at this byte, from a carrier that vouches for every byte. Bytes that
   * another carrier has brought are passed over. To be called after `restart`, and in the order of the bytes.
   */
  *readPiece(begin: number, bytes: Buffer): Generator<ExtractedItem> {
    if (this.#isOver()) return;
    this.#begin(begin);
    const { position } = this.#spool;
    if (begin > position) {
      yield this.#gap(position, begin);
      return;
    }
    yield* this.#readSpool(bytes.subarray(position - begin));
    if (this.#isOver()) return;
    this.#confirmed = this.#spool.offset;
    yield { kind: "confirmed" };
  }

  /** The end of the job, from the same carrier: the length of the spool, and the words of the mark `.` or `!`. */
  *readEnd(length: number, words: string): Generator<ExtractedItem> {
    if (this.#isOver()) return;
    this.#begin(length);
    if (!words.startsWith("!")) yield this.#end(length, words);
    else yield* this.#obey(parseMark(words));
  }

  #isOver(): boolean {
    return this.#state.kind === "over";
  }

  *#obey(mark: Mark | undefined): Generator<ExtractedItem> {
    switch (mark?.kind) {
      case "spool":
        if (this.#state.kind === "before") yield this.#attach(mark.offset);
        break;
      case "sent":
        if (this.#state.kind === "spool") yield* this.#compare(mark.offset);
        break;
      case "pack":
        if (this.#state.kind === "spool" || this.#state.kind === "packed")
          this.#state = { kind: "packed", packed: new PackedPiece(mark.offset, mark.length) };
        break;
      case "pack-end":
        if (this.#state.kind === "packed") yield* this.#unpack(this.#state.packed);
        break;
      case "payload-wanted":
      case "secrets-wanted":
        if (!this.#asked.has(mark.kind)) yield mark;
        this.#asked.add(mark.kind);
        break;
      case "sign-wanted":
        yield mark;
        break;
      case "note":
        yield* this.#note(mark.text);
        break;
      case "end":
        yield this.#end(mark.length, mark.status);
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

  /** Goes to the byte at which a carrier begins, when it is the first one and may begin at any byte. */
  #begin(byte: number): void {
    if (this.#isOpen) this.#goTo(byte);
    this.#isOpen = false;
  }

  #goTo(byte: number): void {
    this.#spool.rewind(byte);
    this.#confirmed = byte;
  }

  #attach(offset: number): ExtractedItem {
    this.#begin(offset);
    this.#skip = this.#spool.position - offset;
    this.#returns.restart();
    this.#state = { kind: "line-end" };
    return this.#skip < 0 ? this.#gap(this.#spool.position, offset) : { kind: "attached", offset };
  }

  /** Compares the number of bytes that the container has sent with the number that has come. */
  *#compare(sent: number): Generator<ExtractedItem> {
    const came = this.#spool.position - this.#skip;
    if (sent !== came) {
      yield this.#gap(sent, came);
    } else if (this.#skip === 0) {
      this.#confirmed = this.#spool.offset;
      yield { kind: "confirmed" };
    }
  }

  *#unpack(packed: PackedPiece): Generator<ExtractedItem> {
    this.#state = { kind: "spool" };
    const data = packed.inflate();
    const position = this.#spool.position - this.#skip;
    if (data === undefined || packed.offset !== position) {
      yield this.#gap(position, packed.offset);
    } else {
      yield* this.#readSpool(data);
      // An overlong record may have ended the session.
      if (!this.#isOver()) yield* this.#compare(packed.offset + packed.length);
    }
  }

  *#note(text: string): Generator<ExtractedItem> {
    const shown = this.#notes.pass(text);
    if (shown !== undefined) yield { kind: "note", text: shown };
  }

  #end(length: number, status: string): ExtractedItem {
    if (length !== this.#spool.position) return this.#gap(length, this.#spool.position);
    this.#state = { kind: "over" };
    return { kind: "status", status: parseStatus(status, this.#workers, this.#hasLock) };
  }

  #gap(expected: number, got: number, why?: string): Gap {
    this.#state = { kind: "over" };
    this.#spool.rewind(this.#confirmed);
    return { kind: "gap", expected, got, offset: this.#confirmed, ...(why !== undefined && { why }) };
  }

  /** Reads bytes between marks: noise, the spool with the terminal's CRs, or packed text. */
  *#readBytes(bytes: Buffer): Generator<ExtractedItem> {
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
        yield* this.#readSpool(this.#returns.strip(rest));
        break;
      }
      case "spool":
        yield* this.#readSpool(this.#returns.strip(bytes));
        break;
      case "packed":
        this.#state.packed.push(bytes);
        break;
    }
  }

  *#readSpool(data: Buffer): Generator<ExtractedItem> {
    const skipped = Math.min(this.#skip, data.length);
    this.#skip -= skipped;
    if (skipped < data.length) yield* this.#spool.read(data.subarray(skipped));
    if (!this.#spool.isOverlong) return;
    const why = `a record has no end within ${LONGEST_RECORD / 1024 / 1024} MiB.`;
    yield this.#gap(this.#spool.position, this.#spool.position, why);
  }
}
