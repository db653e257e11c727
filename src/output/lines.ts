import type { SpoolText } from "./spool.ts";

/** Shows whole lines, which may come in pieces. */
export type Write = (...pieces: Buffer[]) => void;

/** A whole line of the job, without its end; or several, without that of the last one. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
  /** False only for the last of a stream that did not end its last line. */
  readonly ended: boolean;
}

interface Begun {
  readonly stream: Piece["stream"];
  readonly pieces: Buffer[];
  length: number;
}

type Lines = Map<string, Begun>;

type Piece = Extract<SpoolText, { kind: "text" }>;

/** Beyond this a line is given out in parts: somebody may print a gigabyte without a line's end. */
const LONGEST_LINE = 1024 * 1024;

/** Joins the pieces of lines, which may come mixed with the lines of other streams and workers. */
export class LineJoiner {
  #begun: Lines = new Map();
  #certain: Lines = new Map();

  push({ source, stream, bytes, ends }: Piece): Line[] {
    const begun = this.#begun.get(source);
    if (begun === undefined && ends) return [{ stream, bytes, ended: true }];
    const line = begun ?? { stream, pieces: [], length: 0 };
    // A copy: a view would keep all that came with it.
    line.pieces.push(Buffer.from(bytes));
    line.length += bytes.length;
    if (!ends && line.length < LONGEST_LINE) {
      this.#begun.set(source, line);
      return [];
    }
    this.#begun.delete(source);
    return [{ stream, bytes: Buffer.concat(line.pieces), ended: ends }];
  }

  /** What has begun so far stays. */
  keep(): void {
    this.#certain = copied(this.#begun);
  }

  /** Back to what had begun at the last `keep`. */
  back(): void {
    this.#begun = copied(this.#certain);
  }

  /** The lines that never ended. */
  flush(): Line[] {
    const lines = [...this.#begun.values()].map(({ stream, pieces }) => ({
      stream,
      bytes: Buffer.concat(pieces),
      ended: false,
    }));
    this.#begun.clear();
    return lines;
  }
}

function copied(lines: Lines): Lines {
  return new Map([...lines].map(([source, line]) => [source, { ...line, pieces: [...line.pieces] }]));
}
