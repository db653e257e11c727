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
/** Marks, and what they stand for. */
const STAND_INS: readonly (readonly [Buffer, Buffer])[] = [
  [Buffer.from(LITERAL), MARK_BYTES],
  [Buffer.from(REPLACEMENT), Buffer.from("\ufffd")],
];

/**
 * Reads the spool, in pieces of any size, and knows how far it has come: `offset` is where the record begins that
 * isn't whole yet, so that a new session can go on from there.
 */
export class SpoolReader {
  #offset = 0;
  #rest: Buffer[] = [];
  #restLength = 0;

  get offset(): number {
    return this.#offset;
  }

  /** Where the next byte belongs that is read. */
  get position(): number {
    return this.#offset + this.#restLength;
  }

  /** Forgets the record that isn't whole, or all from the beginning of an earlier one: a new session begins with it. */
  rewind(offset = this.#offset): void {
    this.#offset = offset;
    this.#rest = [];
    this.#restLength = 0;
  }

  /** What these bytes say, one after the other. To be read to its end, or not to go on. */
  *read(bytes: Buffer): Generator<SpoolText> {
    let from = 0;
    let mark = -1;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      if (this.#restLength === 0) {
        // What is nothing but standard output is not taken apart.
        if (mark < from) mark = indexOf(MARK_BYTES, bytes, from);
        end = Math.max(end, bytes.subarray(0, mark).lastIndexOf(LF));
      }
      const piece = bytes.subarray(from, end);
      const record = this.#restLength === 0 ? piece : Buffer.concat([...this.#rest, piece]);
      this.#offset += record.length + 1;
      this.rewind();
      from = end + 1;
      yield readRecord(record);
    }
    if (from < bytes.length) {
      // A copy: the rest must not keep a whole frame alive, nor change with it.
      this.#rest.push(Buffer.from(bytes.subarray(from)));
      this.#restLength += bytes.length - from;
    }
  }
}

function readRecord(record: Buffer): SpoolText {
  let text = record;
  let tag = "";
  if (startsWith(text, MARK_BYTES)) {
    const end = text.indexOf(BEL);
    const inside = text.toString("latin1", MARK_BYTES.length, Math.max(end, 0));
    if (/^(?:h|e|[oe]\d+)$/.test(inside)) {
      tag = inside;
      text = text.subarray(end + 1);
    }
  }
  const open = text.at(-1) === OPEN_BYTES.at(-1) && text.subarray(-OPEN_BYTES.length).equals(OPEN_BYTES);
  if (open) text = text.subarray(0, -OPEN_BYTES.length);
  const bytes = literal(text);
  if (tag === "h") return { kind: "header", text: bytes.toString("utf8") };
  return { kind: "text", stream: tag.startsWith("e") ? "stderr" : "stdout", source: tag, bytes, ends: !open };
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
