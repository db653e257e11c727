import { parseMark } from "./marks.ts";
import { MarkScanner } from "./scanner.ts";

/** The most notes of one session that are passed on. */
export const MOST_NOTES = 100;

/** Counts the notes of one session, and passes on the first `MOST_NOTES`. */
export class NoteLimit {
  #notes = 0;

  /** What is to be shown for a note; undefined when nothing is. */
  pass(text: string): string | undefined {
    this.#notes += 1;
    if (this.#notes <= MOST_NOTES) return text;
    return this.#notes === MOST_NOTES + 1 ? "Further notes are not shown." : undefined;
  }
}

/** Finds the notes of a session whose other bytes are not read any more. */
export class NoteReader {
  readonly #scanner: MarkScanner;
  readonly #limit: NoteLimit;

  /** `limit` has counted the notes of the session so far. */
  constructor(nonce: string, limit: NoteLimit) {
    this.#scanner = new MarkScanner(nonce);
    this.#limit = limit;
  }

  /** The notes in these bytes. The caller has to read them to the end. */
  *read(bytes: Uint8Array): Generator<string> {
    for (const piece of this.#scanner.scan(bytes)) {
      const mark = piece.kind === "mark" ? parseMark(piece.text) : undefined;
      const text = mark?.kind === "note" ? this.#limit.pass(mark.text) : undefined;
      if (text !== undefined) yield text;
    }
  }
}
