import { type Line, linesOf } from "./lines.ts";
import { Tail } from "./tail.ts";

interface WorkerTail {
  readonly tail: Tail;
  /** The number of `keep`s before the last change. */
  changedAfter: number;
}

/** Keeps the end of one stream of each worker, without the labels by which the log tells the workers apart. */
export class WorkerEnds {
  readonly #workers: number;
  readonly #limit: number;
  readonly #tails = new Map<number, WorkerTail>();
  #keeps = 0;

  /** `limit` bytes are kept of each worker; 0: nothing. */
  constructor(workers: number, limit: number) {
    this.#workers = workers;
    this.#limit = limit;
  }

  /** Adds a line, or several whole lines of standard output, which may be of several workers. */
  push(line: Line): void {
    if (this.#limit === 0) return;
    if (this.#workers === 1) this.#add(0, line.bytes, line.ended);
    else if (line.source === "") this.#pushLabelled(line.bytes, line.ended);
    else {
      // The tag has the worker's number behind the letter of the stream.
      const worker = Number(line.source.slice(1));
      const label = line.continues ? undefined : findLabel(line.bytes);
      this.#add(worker, line.bytes.subarray(label?.worker === worker ? label.length : 0), line.ended);
    }
  }

  /** Ends the last line of this line's worker. */
  endLine({ source }: Pick<Line, "source">): void {
    const worker = Number(source.slice(1));
    if (this.#tails.has(worker)) this.#add(worker, NOTHING, true);
  }

  /** Marks all lines so far as certain. It costs the same with one worker and with hundreds: a container may send a mark behind each byte. */
  keep(): void {
    this.#keeps += 1;
  }

  /** Removes the lines since the last `keep`, as `Tail` does. */
  rollBack(): void {
    for (const { tail, changedAfter } of this.#tails.values())
      if (changedAfter === this.#keeps) tail.rollBack();
  }

  /** The last lines of each worker that has any, by the worker's number. All are whole, unless the last one alone is too long. */
  get ends(): ReadonlyMap<number, string> {
    const texts = [...this.#tails].map(([worker, { tail }]) => [worker, wholeLines(tail)] as const);
    return new Map(texts.filter(([, text]) => text !== ""));
  }

  /**
   * A whole line of standard output has no tag. Its worker is in its label, which the container puts before each line when there are
   * several workers (carriers/stream/marks.ts).
   */
  #pushLabelled(bytes: Buffer, ended: boolean): void {
    for (const line of linesOf(bytes)) {
      const label = findLabel(line);
      if (label !== undefined && label.worker < this.#workers)
        this.#add(label.worker, line.subarray(label.length), ended);
    }
  }

  #add(worker: number, bytes: Buffer, ended: boolean): void {
    const of = this.#tails.get(worker) ?? { tail: new Tail(this.#limit), changedAfter: this.#keeps };
    this.#tails.set(worker, of);
    const { tail } = of;
    if (of.changedAfter !== this.#keeps) tail.keep();
    of.changedAfter = this.#keeps;
    tail.push(bytes);
    if (ended) tail.push(LF);
  }
}

/** The worker that stands in the label of a line, and the length of the label. */
export function findLabel(line: Buffer): { readonly worker: number; readonly length: number } | undefined {
  const [label, worker] = /^\[(0|[1-9]\d{0,2})\] /.exec(line.toString("latin1", 0, 6)) ?? [];
  return label === undefined ? undefined : { worker: Number(worker), length: label.length };
}

function wholeLines(tail: Tail): string {
  const text = tail.toString();
  const next = text.indexOf("\n") + 1;
  return tail.isCut && next < text.length ? text.slice(next) : text;
}

const NOTHING = Buffer.alloc(0);
const LF = Buffer.from("\n");
