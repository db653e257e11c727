import { Bytes } from "./bytes.ts";
import { BEL, LITERAL, MARK, OPEN, REPLACEMENT } from "./marks.ts";

/** What a record of the spool says. */
export type SpoolText =
  | { readonly kind: "header"; readonly text: string }
  | {
      readonly kind: "text";
      readonly stream: "stdout" | "stderr";
      /** Tells the streams of several workers apart; pieces of one line have the same. */
      readonly source: string;
      /** The job's bytes, without the line's end; where they are several whole lines, without the last one's. */
      readonly bytes: Buffer;
      /** False: the line goes on in the next text of this source. */
      readonly ends: boolean;
    };

const LF = 10;
const MARK_BYTES = Buffer.from(MARK);
const OPEN_BYTES = Buffer.from(OPEN);
const LONGEST_TAG = 32;
/** Marks, and what they stand for. */
const STAND_INS: readonly (readonly [Buffer, Buffer])[] = [
  [Buffer.from(LITERAL), MARK_BYTES],
  [Buffer.from(REPLACEMENT), Buffer.from("\ufffd")],
];

/**
 * Bytes of the longest record. The recorders cut a line well before: recorder.py at 64 KiB and what it has read more,
 * 256 KiB, of which a character may become three times as long.
 */
export const LONGEST_RECORD = 2 * 1024 * 1024;

/**
 * Reads the spool, in pieces of any size, and knows how far it has come: `offset` is where the record begins that
 * isn't whole yet, so that a new session can go on from there. Holds no more than one record, and reads nothing any more
 * once one is longer than a record can be.
 */
export class SpoolReader {
  readonly #workers: number;
  #offset = 0;
  #rest = new Bytes();
  #overlong = false;

  /** Only of so many workers there is output. */
  constructor(workers: number) {
    this.#workers = workers;
  }

  /** What came is no spool: a record has no end. */
  get overlong(): boolean {
    return this.#overlong;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Where the next byte belongs that is read. */
  get position(): number {
    return this.#offset + this.#rest.length;
  }

  /** Forgets the record that isn't whole, or all from the beginning of an earlier one: a new session begins with it. */
  rewind(offset = this.#offset): void {
    this.#offset = offset;
    this.#rest = new Bytes();
    this.#overlong = false;
  }

  /** What these bytes say, one after the other. To be read to its end, or not to go on. */
  *read(bytes: Buffer): Generator<SpoolText> {
    if (this.#overlong) return;
    let from = 0;
    let mark = -1;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      if (this.#rest.length === 0) {
        // What is nothing but standard output is not taken apart.
        if (mark < from) mark = indexOf(MARK_BYTES, bytes, from);
        end = Math.max(end, bytes.subarray(0, mark).lastIndexOf(LF));
      }
      let record = bytes.subarray(from, end);
      if (this.#rest.length > 0) {
        if (this.#isOverlong(record.length)) return;
        this.#rest.push(record);
        record = this.#rest.take();
      }
      const first = this.#offset === 0;
      this.#offset += record.length + 1;
      from = end + 1;
      yield this.#record(record, first);
    }
    if (from === bytes.length || this.#isOverlong(bytes.length - from)) return;
    // A copy: the rest must not keep a whole frame alive, nor change with it.
    this.#rest.push(bytes.subarray(from));
  }

  #isOverlong(more: number): boolean {
    this.#overlong = this.#rest.length + more > LONGEST_RECORD;
    return this.#overlong;
  }

  /** The first record alone may be the header; only our container code writes there. */
  #record(record: Buffer, first: boolean): SpoolText {
    const { tag, text } = tagged(record, (each) => (each === "h" ? first : this.#isStream(each)));
    const open = text.at(-1) === OPEN_BYTES.at(-1) && text.subarray(-OPEN_BYTES.length).equals(OPEN_BYTES);
    const bytes = literal(open ? text.subarray(0, -OPEN_BYTES.length) : text);
    if (tag === "h") return { kind: "header", text: bytes.toString("utf8") };
    return {
      kind: "text",
      stream: tag.startsWith("e") ? "stderr" : "stdout",
      source: tag,
      bytes,
      ends: !open,
    };
  }

  #isStream(tag: string): boolean {
    const [, worker] = /^[oe](0|[1-9]\d{0,2})$/.exec(tag) ?? [];
    return tag === "e" || (worker !== undefined && Number(worker) < this.#workers);
  }
}

function tagged(record: Buffer, isTag: (tag: string) => boolean): { tag: string; text: Buffer } {
  if (!startsWith(record, MARK_BYTES)) return { tag: "", text: record };
  const end = record.subarray(0, LONGEST_TAG).indexOf(BEL);
  const tag = record.toString("latin1", MARK_BYTES.length, Math.max(end, 0));
  return isTag(tag) ? { tag, text: record.subarray(end + 1) } : { tag: "", text: record };
}

/** Where it stands in `bytes` from there on, or their length. */
function indexOf(sought: Buffer, bytes: Buffer, from: number): number {
  const at = bytes.indexOf(sought, from);
  return at < 0 ? bytes.length : at;
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

/** Puts back what could not stand in the spool as the job printed it. */
function literal(text: Buffer): Buffer {
  let at = text.indexOf(MARK_BYTES);
  if (at < 0) return text;
  const parts: Buffer[] = [];
  let from = 0;
  while (at >= 0) {
    const stood = STAND_INS.find(([mark]) => text.subarray(at, at + mark.length).equals(mark));
    const [mark, bytes] = stood ?? [MARK_BYTES, MARK_BYTES];
    parts.push(text.subarray(from, at), bytes);
    from = at + mark.length;
    at = text.indexOf(MARK_BYTES, from);
  }
  parts.push(text.subarray(from));
  return Buffer.concat(parts);
}
