import type { OutputItem } from "../../carriers/stream/items.ts";
import type { SpoolText } from "../../carriers/stream/records.ts";
import { Bytes } from "../../session/bytes.ts";
import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import type { Line, OutputWriter } from "./lines.ts";
import { Tail } from "./tail.ts";
import { WorkerEnds } from "./worker-ends.ts";

/** The most bytes of each of the outputs `stdout` and `stderr`. */
export const OUTPUT_LIMIT = 1024 * 1024;
/** The bytes that are kept of the last lines of both streams, for the summary of a failure. */
const LAST_LINES_LIMIT = 16 * 1024;

export interface PrinterOptions {
  readonly write: OutputWriter;
  /** The bytes that are kept of the end of standard output, and of standard error, and of those of each worker. */
  readonly keep: { readonly stream: number; readonly worker: number };
  /** Bounds what all jobs of the step keep together. */
  readonly memory: SharedMemory;
  /** The number of workers of the job. */
  readonly workers: number;
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
  /** The memory of the unfinished lines. */
  readonly #memory: MemoryShare;
  readonly #stdout: Tail;
  readonly #allStderr: Tail;
  readonly #last = new Tail(LAST_LINES_LIMIT);
  readonly #ofWorkers: Readonly<Record<Line["stream"], WorkerEnds>>;

  constructor(options: PrinterOptions) {
    this.#options = options;
    this.#memory = options.memory.share(() => this.#showUnfinished());
    const { workers, keep } = options;
    this.#stdout = new Tail(keep.stream);
    this.#allStderr = new Tail(keep.stream);
    const ends = (): WorkerEnds => new WorkerEnds(workers, keep.worker);
    this.#ofWorkers = { stdout: ends(), stderr: ends() };
  }

  print(shown: OutputItem): void {
    switch (shown.kind) {
      case "header":
        this.#options.onHeader(shown.text);
        break;
      case "text":
        for (const line of this.#lines.push(shown)) this.#show(line);
        this.#memory.hold(this.#lines.held);
        break;
      case "confirmed":
        this.#lines.keep();
        for (const ends of this.#ends()) ends.keep();
        break;
      case "gap":
        // The log can't be taken back. `stdout` can, and so can open lines.
        this.#lines.rollBack();
        for (const ends of this.#ends()) ends.rollBack();
        break;
    }
  }

  /** Shows the beginnings of all lines that are not ended, as parts. */
  #showUnfinished(): void {
    for (const line of this.#lines.flush()) this.#show(line);
    this.#lines.keep();
  }

  /** Ends the output: shows the lines that were not ended. */
  end(): void {
    for (const line of this.#lines.flush()) {
      this.#show(line);
      // The last lines of several workers stay apart in `stdout`.
      for (const tail of this.#tailsOf(line)) tail.push(LF);
      this.#ofWorkers[line.stream].endLine(line);
    }
    this.#memory.close();
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

  /** The last lines of this stream of each worker, without labels, by the worker's number. */
  endsOf(stream: Line["stream"]): ReadonlyMap<number, string> {
    return this.#ofWorkers[stream].ends;
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
    this.#ofWorkers[line.stream].push(line);
  }

  #tailsOf({ stream }: Line): readonly Tail[] {
    return [stream === "stdout" ? this.#stdout : this.#allStderr, this.#last];
  }

  /** All that is kept or rolled back. */
  #ends(): readonly (Tail | WorkerEnds)[] {
    const { stdout, stderr } = this.#ofWorkers;
    return [this.#stdout, this.#allStderr, this.#last, stdout, stderr];
  }
}

function withoutLastEnd(tail: Tail): string {
  return tail.toString().replace(/\r?\n$/, "");
}

const LF = Buffer.from("\n");

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
export const LARGEST_WHOLE_LINE = 1024 * 1024;
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
    of.begun ??= new Bytes(LARGEST_WHOLE_LINE);
    of.begun.push(bytes);
    this.#begunBytes += bytes.length;
    if (!ends && of.begun.length < LARGEST_WHOLE_LINE && this.#begunBytes < MOST_BEGUN) return [];
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
      source.begun = begun && new Bytes(LARGEST_WHOLE_LINE);
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
