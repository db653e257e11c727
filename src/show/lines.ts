import { Bytes } from "../stream/bytes.ts";
import type { SpoolText } from "../stream/spool.ts";

/** Shows whole lines, which may come in pieces. */
export type LineWriter = (...pieces: Buffer[]) => void;

/** A whole line of the job, without its end; or several, without that of the last one. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
  /** False for a part of a line that was too long to be held, and for the last of a stream that did not end its last line. */
  readonly ended: boolean;
}

interface OpenLine {
  readonly stream: Piece["stream"];
  readonly bytes: Bytes;
}

type Piece = Extract<SpoolText, { kind: "text" }>;

/** Beyond this a line is given out in parts: a job may print a gigabyte without a line's end. */
export const LONGEST_LINE = 1024 * 1024;
/** Beyond this, all lines that have begun taken together, so is the one that grew: there are up to 512 streams. */
export const MOST_BEGUN = 8 * 1024 * 1024;

/** Joins the pieces of lines, which may come mixed with the lines of other streams and workers. */
export class LineJoiner {
  #begun = new Map<string, OpenLine>();
  #begunBytes = 0;
  /** What had begun at the last `keep`. */
  #certain: readonly (readonly [source: string, stream: Piece["stream"], bytes: Buffer])[] = [];

  push({ source, stream, bytes, ends }: Piece): Line[] {
    const begun = this.#begun.get(source);
    if (begun === undefined && ends) return [{ stream, bytes, ended: true }];
    const line = begun ?? { stream, bytes: new Bytes() };
    line.bytes.push(bytes);
    this.#begunBytes += bytes.length;
    if (!ends && line.bytes.length < LONGEST_LINE && this.#begunBytes < MOST_BEGUN) {
      this.#begun.set(source, line);
      return [];
    }
    this.#begun.delete(source);
    this.#begunBytes -= line.bytes.length;
    return [{ stream, bytes: line.bytes.take(), ended: ends }];
  }

  /** What has begun so far stays. */
  keep(): void {
    this.#certain = [...this.#begun].map(([source, { stream, bytes }]) => [source, stream, bytes.view()]);
  }

  /** Back to what had begun at the last `keep`. */
  back(): void {
    this.#begun.clear();
    this.#begunBytes = 0;
    for (const [source, stream, certain] of this.#certain) {
      const bytes = new Bytes();
      bytes.push(certain);
      this.#begun.set(source, { stream, bytes });
      this.#begunBytes += certain.length;
    }
  }

  /** The lines that never ended. */
  flush(): Line[] {
    const lines = [...this.#begun.values()].map(({ stream, bytes }) => ({
      stream,
      bytes: bytes.take(),
      ended: false,
    }));
    this.#begun.clear();
    this.#begunBytes = 0;
    return lines;
  }
}
