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

/** One stream of one worker. */
interface Source {
  readonly stream: Piece["stream"];
  /** The line that has begun and not ended, if any. */
  begun: Bytes | undefined;
  /** Whether the beginning of the present line has been given out as a part. */
  isParted: boolean;
  /** What it had at the last `keep`, if it has changed since. */
  certain: { readonly begun: Buffer | undefined; readonly isParted: boolean } | undefined;
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
  readonly #sources = new Map<string, Source>();
  #begunBytes = 0;
  /**
   * The sources that have changed since the last `keep`. A container may send a mark behind each byte, so this is no Map or Set: V8 links each
   * table that they drop to the next one, so that a table of the old generation keeps all later ones in memory.
   */
  readonly #changed: Source[] = [];

  push({ source, stream, bytes, ends }: Piece): Line[] {
    const of = this.#sources.get(source) ?? this.#add(source, stream);
    if (of.begun === undefined && ends && !of.isParted)
      return [{ stream, source, bytes, ended: true, continues: false }];
    this.#remember(of);
    of.begun ??= new Bytes(LONGEST_LINE);
    of.begun.push(bytes);
    this.#begunBytes += bytes.length;
    if (!ends && of.begun.length < LONGEST_LINE && this.#begunBytes < MOST_BEGUN) return [];
    return [this.#giveOut(source, of, of.begun, ends)];
  }

  #add(name: string, stream: Piece["stream"]): Source {
    const source: Source = { stream, begun: undefined, isParted: false, certain: undefined };
    this.#sources.set(name, source);
    return source;
  }

  /** Call this before a source changes. */
  #remember(source: Source): void {
    if (source.certain !== undefined) return;
    source.certain = { begun: source.begun?.view(), isParted: source.isParted };
    this.#changed.push(source);
  }

  #giveOut(source: string, of: Source, begun: Bytes, ended: boolean): Line {
    const line = { stream: of.stream, source, bytes: begun.take(), ended, continues: of.isParted };
    this.#begunBytes -= line.bytes.length;
    of.begun = undefined;
    of.isParted = !ended;
    return line;
  }

  /** The bytes of memory that the open lines take. The buffer of growing bytes is up to twice as large. */
  get held(): number {
    return 2 * this.#begunBytes;
  }

  /** Marks the open lines as certain. */
  keep(): void {
    for (let source = this.#changed.pop(); source !== undefined; source = this.#changed.pop())
      source.certain = undefined;
  }

  /** Goes back to the open lines of the last `keep`. */
  rollBack(): void {
    for (const source of this.#changed) {
      const { begun, isParted = false } = source.certain ?? {};
      this.#begunBytes += (begun?.length ?? 0) - (source.begun?.length ?? 0);
      source.begun = begun && new Bytes(LONGEST_LINE);
      if (begun !== undefined) source.begun?.push(begun);
      source.isParted = isParted;
    }
    this.keep();
  }

  /** Returns the open lines, which will not be ended. */
  flush(): Line[] {
    return [...this.#sources].flatMap(([name, source]) => {
      if (source.begun === undefined) return [];
      this.#remember(source);
      return [this.#giveOut(name, source, source.begun, false)];
    });
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
