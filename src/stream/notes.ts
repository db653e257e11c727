import { parseMark } from "./marks.ts";
import { MarkScanner } from "./scanner.ts";

/** Finds the notes of a session whose other bytes are not read any more. */
export class NoteReader {
  readonly #scanner: MarkScanner;

  constructor(nonce: string) {
    this.#scanner = new MarkScanner(nonce);
  }

  /** The notes in these bytes. The caller has to read them to the end. */
  *read(bytes: Uint8Array): Generator<string> {
    for (const piece of this.#scanner.scan(bytes)) {
      const mark = piece.kind === "mark" ? parseMark(piece.text) : undefined;
      if (mark?.kind === "note") yield mark.text;
    }
  }
}
