import { Bytes } from "../../session/bytes.ts";
import type { SpoolText } from "../../carriers/stream/records.ts";

/** Shows whole lines, each in one or more pieces. */
export type LineWriter = (...pieces: Buffer[]) => void;

/** Shows a line of the job, and adds its end. */
export type OutputWriter = (line: Line) => void;

/** A whole line of the job without its end, or several lines without the last end. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  /** The tag of the stream, see `SpoolText`. */
  readonly source: string;
  readonly bytes: Buffer;
  /** False for a part of a line that was too long to hold, and for the last line of a stream that did not end it. */
  readonly ended: boolean;
  /** True for the rest of a line that was too long to hold, and whose beginning has been given out. */
  readonly continues: boolean;
}

interface OpenLine {
  readonly stream: Piece["stream"];
  readonly bytes: Bytes;
}

type Piece = Extract<SpoolText, { kind: "text" }>;

/**
 * The longest line that is held whole, in bytes. A longer one is shown in parts: a job may print a gigabyte without a
 * line's end.
 */
export const LONGEST_LINE = 1024 * 1024;
/**
 * The most bytes of all open lines together. Beyond it the line that grew is shown in part: there are up to 512
 * streams.
 */
export const MOST_BEGUN = 8 * 1024 * 1024;

/** Joins the pieces of lines. Pieces of different streams and workers may come mixed. */
export class LineJoiner {
  #begun = new Map<string, OpenLine>();
  #begunBytes = 0;
  /** The sources of the lines whose beginning has been given out as a part. */
  #parted = new Set<string>();
  #certainParted: ReadonlySet<string> = new Set();
  /** The open lines at the last `keep`. */
  #certain: readonly (readonly [source: string, stream: Piece["stream"], bytes: Buffer])[] = [];

  push({ source, stream, bytes, ends }: Piece): Line[] {
    const begun = this.#begun.get(source);
    if (begun === undefined && ends) return [this.#out({ stream, source, bytes, ended: true })];
    const line = begun ?? { stream, bytes: new Bytes() };
    line.bytes.push(bytes);
    this.#begunBytes += bytes.length;
    if (!ends && line.bytes.length < LONGEST_LINE && this.#begunBytes < MOST_BEGUN) {
      this.#begun.set(source, line);
      return [];
    }
    this.#begun.delete(source);
    this.#begunBytes -= line.bytes.length;
    return [this.#out({ stream, source, bytes: line.bytes.take(), ended: ends })];
  }

  #out(line: Omit<Line, "continues">): Line {
    const continues = this.#parted.has(line.source);
    if (line.ended) this.#parted.delete(line.source);
    else this.#parted.add(line.source);
    return { ...line, continues };
  }

  /** The bytes of memory that the open lines take. The buffer of growing bytes is up to twice as large. */
  get held(): number {
    return 2 * this.#begunBytes;
  }

  /** Marks the open lines as certain. */
  keep(): void {
    this.#certainParted = new Set(this.#parted);
    this.#certain = [...this.#begun].map(([source, { stream, bytes }]) => [source, stream, bytes.view()]);
  }

  /** Goes back to the open lines of the last `keep`. */
  rollBack(): void {
    this.#begun.clear();
    this.#begunBytes = 0;
    this.#parted = new Set(this.#certainParted);
    for (const [source, stream, certain] of this.#certain) {
      const bytes = new Bytes();
      bytes.push(certain);
      this.#begun.set(source, { stream, bytes });
      this.#begunBytes += certain.length;
    }
  }

  /** Returns the open lines, which will not be ended. */
  flush(): Line[] {
    const lines = [...this.#begun].map(([source, { stream, bytes }]) =>
      this.#out({ stream, source, bytes: bytes.take(), ended: false }),
    );
    this.#begun.clear();
    this.#begunBytes = 0;
    return lines;
  }
}

const LF = 10;

/** The lines without their ends. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0, end = 0; end >= 0; from = end + 1) {
    end = bytes.indexOf(LF, from);
    yield bytes.subarray(from, end < 0 ? bytes.length : end);
  }
}
