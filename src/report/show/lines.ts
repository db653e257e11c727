/** Shows whole lines, each in one or more pieces. */
export type LineWriter = (...pieces: Buffer[]) => void;

/** Shows a line of the job, and adds its end. */
export type OutputWriter = (line: Line) => void;

/** A whole line of the job without its end, or several lines without the last end. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  /** The tag of the stream, see `SpoolText` (carriers/stream/records.ts). */
  readonly source: string;
  readonly bytes: Buffer;
  /** False for a part of a line that was too long to hold, and for the last line of a stream that did not end it. */
  readonly ended: boolean;
  /** True for the rest of a line that was too long to hold, and whose beginning has been given out. */
  readonly continues: boolean;
}

const LF = 10;

/** The lines without their ends. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0, end = 0; end >= 0; from = end + 1) {
    end = bytes.indexOf(LF, from);
    yield bytes.subarray(from, end < 0 ? bytes.length : end);
  }
}
