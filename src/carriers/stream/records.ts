import { Bytes } from "../../session/bytes.ts";
import { BEL, LITERAL, MARK, OPEN, REPLACEMENT } from "./marks.ts";

/** The content of a record of the spool. */
export type SpoolText =
  | { readonly kind: "header"; readonly text: string }
  | {
      readonly kind: "text";
      readonly stream: "stdout" | "stderr";
      /** Tells the streams of several workers apart. Pieces of one line have the same source. */
      readonly source: string;
      /**
       * The job's bytes, without the line's end: one line, a part of one, or several whole lines without the last
       * end.
       */
      readonly bytes: Buffer;
      /** False: the line goes on in the next text of this source. */
      readonly ends: boolean;
    }
  | FileCommandText
  /** The next bytes of the archive of artifacts. */
  | { readonly kind: "artifact-bytes"; readonly bytes: Buffer }
  | { readonly kind: "artifact-fact"; readonly text: string }
  /** What has become of items or of an order. */
  | { readonly kind: "item-fact"; readonly text: string }
  /** A file of a worker that was too large, or no file any more. Nothing of it has come. */
  | {
      readonly kind: "file-left-out";
      readonly file: FileCommandName;
      readonly worker: number;
      readonly size: number;
    };

/** The files by which a script speaks to the runner. GitHub calls them file commands. */
export type FileCommandName = "output" | "summary";

/** A line of such a file without its end, or a part of one. */
export interface FileCommandText {
  readonly kind: "file-command";
  readonly file: FileCommandName;
  readonly worker: number;
  readonly bytes: Buffer;
  /** False: the line goes on in the next text of this file, or the file ends without a line's end. */
  readonly ends: boolean;
}

const LF = 10;
const MARK_BYTES = Buffer.from(MARK);
const OPEN_BYTES = Buffer.from(OPEN);
const LONGEST_TAG = 32;
/** Marks, and the bytes that they stand for. */
const STAND_INS: readonly (readonly [Buffer, Buffer])[] = [
  [Buffer.from(LITERAL), MARK_BYTES],
  [Buffer.from(REPLACEMENT), Buffer.from("\ufffd")],
];

/**
 * The most bytes of a record. The recorders cut lines well before: recorder.py at 64 KiB and one read of 256 KiB, in
 * which redaction may make a character three times as long.
 */
export const LONGEST_RECORD = 2 * 1024 * 1024;

/**
 * Reads the spool in pieces of any size. `offset` is the beginning of the first incomplete record, where a new
 * session can go on. Holds at most one record. Stops reading once a record is longer than `LONGEST_RECORD`.
 */
export class RecordReader {
  readonly #workers: number;
  #offset = 0;
  #rest = new Bytes(LONGEST_RECORD);
  #overlong = false;

  /** `workers` is the number of workers; other tags count as text. */
  constructor(workers: number) {
    this.#workers = workers;
  }

  /** True when a record was too long, which shows that the bytes are not a spool. */
  get isOverlong(): boolean {
    return this.#overlong;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The bytes of memory that the incomplete record takes. */
  get held(): number {
    return this.#rest.size;
  }

  /** The position in the spool of the next byte. */
  get position(): number {
    return this.#offset + this.#rest.length;
  }

  /** Goes back to the incomplete record, or to the beginning of an earlier one. A new session begins there. */
  rewind(offset = this.#offset): void {
    this.#offset = offset;
    this.#rest = new Bytes(LONGEST_RECORD);
    this.#overlong = false;
  }

  /** The records in these bytes. The caller has to read them to the end, or stop using the reader. */
  *read(bytes: Buffer): Generator<SpoolText> {
    if (this.#overlong) return;
    let from = 0;
    let mark = -1;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      if (this.#rest.length === 0) {
        // Whole lines of standard output are passed on together, up to the line with the next mark.
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
    // `push` copies, so the rest neither keeps the frame alive nor changes with it.
    this.#rest.push(bytes.subarray(from));
  }

  #isOverlong(more: number): boolean {
    this.#overlong = this.#rest.length + more > LONGEST_RECORD;
    return this.#overlong;
  }

  /** Only the first record may be the header, because the container's own code writes that one. */
  #record(record: Buffer, first: boolean): SpoolText {
    const { tag, text } = splitTag(record, (each) => (each === "h" ? first : this.#isStream(each)));
    const open = text.at(-1) === OPEN_BYTES.at(-1) && text.subarray(-OPEN_BYTES.length).equals(OPEN_BYTES);
    const bytes = replaceStandIns(open ? text.subarray(0, -OPEN_BYTES.length) : text);
    if (tag === "h") return { kind: "header", text: bytes.toString("utf8") };
    if (tag === "a")
      return { kind: "artifact-bytes", bytes: Buffer.from(bytes.toString("latin1"), "base64") };
    if (tag === "f") return { kind: "artifact-fact", text: bytes.toString("latin1") };
    if (tag === "i") return { kind: "item-fact", text: bytes.toString("utf8") };
    const worker = Number(tag.slice(1));
    if (/^[rs]/.test(tag))
      return {
        kind: "file-command",
        file: tag.startsWith("r") ? "output" : "summary",
        worker,
        bytes,
        ends: !open,
      };
    if (tag.startsWith("x")) return fileLeftOut(worker, bytes.toString("latin1"));
    return {
      kind: "text",
      stream: tag.startsWith("e") ? "stderr" : "stdout",
      source: tag,
      bytes,
      ends: !open,
    };
  }

  #isStream(tag: string): boolean {
    const [, worker] = /^[oersx](0|[1-9]\d{0,2})$/.exec(tag) ?? [];
    return /^[aefirsx]$/.test(tag) || (worker !== undefined && Number(worker) < this.#workers);
  }
}

function fileLeftOut(worker: number, text: string): SpoolText {
  const [, file, size] = /^(output|summary) (\d{1,15})$/.exec(text) ?? [];
  return {
    kind: "file-left-out",
    file: file === "summary" ? file : "output",
    worker,
    size: Number(size ?? 0),
  };
}

function splitTag(record: Buffer, isTag: (tag: string) => boolean): { tag: string; text: Buffer } {
  if (!hasPrefix(record, MARK_BYTES)) return { tag: "", text: record };
  const end = record.subarray(0, LONGEST_TAG).indexOf(BEL);
  const tag = record.toString("latin1", MARK_BYTES.length, Math.max(end, 0));
  return isTag(tag) ? { tag, text: record.subarray(end + 1) } : { tag: "", text: record };
}

/** The index of `sought` in `bytes` from `from` on; the length of `bytes` when there is none. */
function indexOf(sought: Buffer, bytes: Buffer, from: number): number {
  const at = bytes.indexOf(sought, from);
  return at < 0 ? bytes.length : at;
}

function hasPrefix(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

/** Replaces the stand-ins by the bytes that the job printed. */
function replaceStandIns(text: Buffer): Buffer {
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
