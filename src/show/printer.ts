import type { OutputItem } from "../stream/items.ts";
import { type Line, LineJoiner, type OutputWriter } from "./lines.ts";
import { Tail } from "./tail.ts";

/** The most bytes of each of the outputs `stdout` and `stderr`. */
export const OUTPUT_LIMIT = 1024 * 1024;
/** The bytes that are kept of the end of each stream of a worker: some frames of a traceback, or ten lines of standard output. */
const WORKER_LIMIT = 4_096;

/** The bytes that are kept of the last lines of both streams, for the summary of a failure. */
const LAST_LINES_LIMIT = 16 * 1024;

export interface PrinterOptions {
  readonly write: OutputWriter;
  /** The bytes that are kept of the end of standard output, and of standard error. */
  readonly keep: number;
  /** Shows the line that names the container, which comes before the job's output. */
  readonly onHeader: (line: string) => void;
  /**
   * Stands before the rest of a line that is shown in parts, or is empty. When the runner obeys the job's commands, the
   * rest must not look like the beginning of a line: the job may have printed `::add-mask::` in the middle of it.
   */
  readonly continued: string;
}

/** Shows the job's output line by line, and keeps the end of both streams, of all workers and of each. */
export class Printer {
  readonly #options: PrinterOptions;
  readonly #lines = new LineJoiner();
  readonly #stdout: Tail;
  readonly #allStderr: Tail;
  readonly #last = new Tail(LAST_LINES_LIMIT);
  readonly #ofWorkers = { stdout: new Map<number, Tail>(), stderr: new Map<number, Tail>() };

  constructor(options: PrinterOptions) {
    this.#options = options;
    this.#stdout = new Tail(options.keep);
    this.#allStderr = new Tail(options.keep);
  }

  print(shown: OutputItem): void {
    switch (shown.kind) {
      case "header":
        this.#options.onHeader(shown.text);
        break;
      case "text":
        for (const line of this.#lines.push(shown)) this.#show(line);
        break;
      case "confirmed":
        this.#lines.keep();
        for (const tail of this.#tails()) tail.keep();
        break;
      case "gap":
        // The log can't be taken back. `stdout` can, and so can open lines.
        this.#lines.rollBack();
        for (const tail of this.#tails()) tail.rollBack();
        break;
    }
  }

  /** Ends the output: shows the lines that were not ended. */
  end(): void {
    for (const line of this.#lines.flush()) {
      this.#show(line);
      // The last lines of several workers stay apart in `stdout`.
      for (const tail of this.#tailsOf(line)) tail.push(LF);
    }
  }

  /** The end of the job's standard output, without the last line's end. */
  get stdout(): string {
    return withoutLastEnd(this.#stdout);
  }

  /** The end of the standard error of all workers, in the same form. */
  get allStderr(): string {
    return withoutLastEnd(this.#allStderr);
  }

  /** The last lines of both streams, in the order of the log. */
  get lastLines(): string {
    return withoutLastEnd(this.#last);
  }

  /** The outputs whose beginning is lost. */
  get cut(): readonly ("stdout" | "stderr")[] {
    return [
      ...(this.#stdout.isCut ? ["stdout" as const] : []),
      ...(this.#allStderr.isCut ? ["stderr" as const] : []),
    ];
  }

  /** The end of this stream of each worker, by the worker's number. */
  endsOf(stream: Line["stream"]): ReadonlyMap<number, string> {
    const texts = [...this.#ofWorkers[stream]].map(([worker, tail]) => [worker, tail.toString()] as const);
    return new Map(texts.filter(([, text]) => text !== ""));
  }

  #show(line: Line): void {
    const { continued } = this.#options;
    const isMarked = line.continues && continued !== "";
    this.#options.write(
      isMarked ? { ...line, bytes: Buffer.concat([Buffer.from(continued), line.bytes]) } : line,
    );
    for (const tail of this.#tailsOf(line)) {
      tail.push(line.bytes);
      if (line.ended) tail.push(LF);
    }
  }

  #tailsOf(line: Line): readonly Tail[] {
    const { stream } = line;
    const all = stream === "stdout" ? this.#stdout : this.#allStderr;
    const worker = findWorker(line);
    const ends = this.#ofWorkers[stream];
    const own = ends.get(worker) ?? new Tail(WORKER_LIMIT);
    ends.set(worker, own);
    return [all, own, this.#last];
  }

  #tails(): readonly Tail[] {
    const { stdout, stderr } = this.#ofWorkers;
    return [this.#stdout, this.#allStderr, this.#last, ...stdout.values(), ...stderr.values()];
  }
}

/**
 * The number of the worker that has printed this line; 0 when there is only one. It is in the tag, but a whole line of standard output
 * has none. There it is in the label, which the container puts before each line when there are several workers (stream/marks.ts).
 */
function findWorker({ source, bytes }: Line): number {
  const [, label = "0"] = source === "" ? (/^\[(\d{1,3})\] /.exec(bytes.toString("latin1", 0, 6)) ?? []) : [];
  return source === "" ? Number(label) : Number(source.slice(1));
}

function withoutLastEnd(tail: Tail): string {
  return tail.toString().replace(/\r?\n$/, "");
}

const LF = Buffer.from("\n");
