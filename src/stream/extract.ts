import { AnnouncementReader } from "./announcement.ts";
import { type Announcement, type Mark, parseMark, type Refusal } from "./marks.ts";
import { PackedPiece } from "./packed-piece.ts";
import { CarriageReturns } from "./carriage-returns.ts";
import { MarkScanner } from "./scanner.ts";
import { LONGEST_RECORD, SpoolReader, type SpoolText } from "./spool.ts";
import { type JobStatus, parseStatus } from "./status.ts";

/** What a session or a log of one says, in order. */
export type ExtractedItem =
  | SpoolText
  | Announcement
  /** The payload has to be typed. */
  | { readonly kind: "payload-wanted" }
  /** The secrets have to be typed, which were held back for the payload. */
  | { readonly kind: "secrets-wanted" }
  /** The job runs, or has run: what follows is its spool. */
  | { readonly kind: "attached"; readonly offset: number }
  /** What the container has to say to the user. */
  | { readonly kind: "note"; readonly text: string }
  /** The end, believed only when every byte before it has been read. */
  | { readonly kind: "status"; readonly status: JobStatus }
  /** No job was started or found. */
  | { readonly kind: "refused"; readonly code: Refusal; readonly text: string }
  /** All that came so far is what the container sent. */
  | { readonly kind: "confirmed" }
  | Gap;

/** Bytes are missing, or others came in between: what was not confirmed comes again, from the byte `offset` on. */
export interface Gap {
  readonly kind: "gap";
  readonly expected: number;
  readonly got: number;
  readonly offset: number;
  /** What came can't be of the container, whatever its length. */
  readonly why?: string;
}

/** What the printer has to know: the job's output, and how much of it is certain. */
export type OutputItem = SpoolText | Extract<ExtractedItem, { kind: "confirmed" | "gap" }>;

/** How far a session has come. */
type State =
  /** Nothing of the spool has come: what does is noise, or the announcement. */
  | { readonly kind: "before" }
  /** The mark `@` has come, and the line's end behind it has not. */
  | { readonly kind: "line-end" }
  | { readonly kind: "spool" }
  | { readonly kind: "packed"; readonly packed: PackedPiece }
  /** The session has said its last word, or can't be believed any more. */
  | { readonly kind: "over" };

/** Notes of one session that are told. */
export const MOST_NOTES = 100;

/**
 * Extracts the job's output and its end from what a terminal showed: the live session, its CloudWatch stream or its
 * S3 transcript, by the grammar of marks.ts. Takes bytes in pieces of any size; never throws; holds back no more than
 * one mark and one record, and asks for nothing twice in a session.
 */
export class Extractor {
  readonly #workers: number;
  readonly #spool: SpoolReader;
  readonly #scanner: MarkScanner;
  readonly #returns = new CarriageReturns();
  #announcement = new AnnouncementReader();
  #state: State = { kind: "before" };
  readonly #asked = new Set<ExtractedItem["kind"]>();
  #notes = 0;
  /** Bytes of the spool that come again, since they have been read before. */
  #skip = 0;
  #confirmed = 0;

  /** Of a run with so many workers. */
  constructor(nonce: string, workers: number) {
    this.#workers = workers;
    this.#spool = new SpoolReader(workers);
    this.#scanner = new MarkScanner(nonce);
  }

  /** The byte of the spool from which another session has to go on. */
  get offset(): number {
    return this.#spool.offset;
  }

  /** The byte of the spool up to which all is known to be what the container sent: no session goes on before it. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** The session is over; what comes next is another one, of the same job. */
  restart(): void {
    this.#spool.rewind();
    this.#scanner.restart();
    this.#returns.restart();
    this.#announcement = new AnnouncementReader();
    this.#state = { kind: "before" };
    this.#asked.clear();
    this.#notes = 0;
    this.#skip = 0;
  }

  /** All that these bytes say, one after the other. To be read to its end, or not to go on. */
  *read(bytes: Uint8Array): Generator<ExtractedItem> {
    if (this.#isOver()) return;
    for (const piece of this.#scanner.scan(bytes)) {
      if (piece.kind === "bytes") yield* this.#readBytes(piece.bytes);
      else yield* this.#obey(parseMark(piece.text));
      // After a gap nothing is believed, not even a status.
      if (this.#isOver()) return;
    }
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

  #attach(offset: number): ExtractedItem {
    this.#skip = this.#spool.position - offset;
    this.#returns.restart();
    this.#state = { kind: "line-end" };
    return this.#skip < 0 ? this.#gap(this.#spool.position, offset) : { kind: "attached", offset };
  }

  /** Compares what the container has sent, by its own count, with what has come. */
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
      // A record without an end may have ended it.
      if (!this.#isOver()) yield* this.#compare(packed.offset + packed.length);
    }
  }

  *#note(text: string): Generator<ExtractedItem> {
    this.#notes += 1;
    if (this.#notes <= MOST_NOTES) yield { kind: "note", text };
    else if (this.#notes === MOST_NOTES + 1) yield { kind: "note", text: "Further notes are not shown." };
  }

  #end(length: number, status: string): ExtractedItem {
    if (length !== this.#spool.position) return this.#gap(length, this.#spool.position);
    this.#state = { kind: "over" };
    return { kind: "status", status: parseStatus(status, this.#workers) };
  }

  #gap(expected: number, got: number, why?: string): Gap {
    this.#state = { kind: "over" };
    this.#spool.rewind(this.#confirmed);
    return { kind: "gap", expected, got, offset: this.#confirmed, ...(why !== undefined && { why }) };
  }

  /** Bytes between marks: noise before the spool, then the spool with its terminal's CRs, or packed. */
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
    if (!this.#spool.overlong) return;
    const why = `a record has no end within ${LONGEST_RECORD / 1024 / 1024} MiB.`;
    yield this.#gap(this.#spool.position, this.#spool.position, why);
  }
}
