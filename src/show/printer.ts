import type { OutputItem } from "../stream/extract.ts";
import { LineJoiner, type LineWriter } from "./lines.ts";
import { Tail } from "./tail.ts";

/** The most bytes of the output `stdout`. */
export const STDOUT_LIMIT = 1024 * 1024;

export interface PrinterOptions {
  readonly write: LineWriter;
  /** Shows a line that is not the job's. */
  readonly say: (line: string) => void;
}

/** Shows the job's output line by line, and keeps the end of its standard output. */
export class Printer {
  readonly #options: PrinterOptions;
  readonly #lines = new LineJoiner();
  readonly #stdout = new Tail(STDOUT_LIMIT);

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  print(shown: OutputItem): void {
    switch (shown.kind) {
      case "header":
        this.#options.say(shown.text);
        break;
      case "text":
        for (const line of this.#lines.push(shown)) this.#show(line);
        break;
      case "confirmed":
        this.#lines.keep();
        this.#stdout.keep();
        break;
      case "gap":
        // The log can't be taken back. `stdout` can, and so can open lines.
        this.#lines.back();
        this.#stdout.back();
        break;
    }
  }

  /** Ends the output: shows the lines that were not ended. */
  end(): void {
    // Add line ends, so that the last lines of several workers stay apart in `stdout`.
    for (const line of this.#lines.flush()) this.#show({ ...line, ended: true });
  }

  /** The last 1 MiB of the job's standard output, without the last line's end. */
  get stdout(): string {
    return this.#stdout.toString().replace(/\r?\n$/, "");
  }

  #show({ stream, bytes, ended }: { stream: "stdout" | "stderr"; bytes: Buffer; ended: boolean }): void {
    this.#options.write(bytes, LF);
    if (stream !== "stdout") return;
    this.#stdout.push(bytes);
    if (ended) this.#stdout.push(LF);
  }
}

const LF = Buffer.from("\n");
