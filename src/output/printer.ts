import type { Shown } from "./extract.ts";
import { type Guard, harmless, makeGuard } from "./guard.ts";
import { LineJoiner, type Write } from "./lines.ts";
import { Tail } from "./tail.ts";

/** What the `stdout` output may hold. */
export const STDOUT_LIMIT = 1024 * 1024;

export interface PrinterOptions {
  readonly write: Write;
  /** Let the runner obey what the job prints. */
  readonly workflowCommands: boolean;
  /** Told the guard as it goes up, and undefined when it is down again: what we say ourselves has to be let through. */
  readonly onGuard?: ((guard: Guard | undefined) => void) | undefined;
}

/** Shows the job's output, line by line as it comes, and keeps the end of its standard output. */
export class Printer {
  readonly #options: PrinterOptions;
  readonly #lines = new LineJoiner();
  readonly #stdout = new Tail(STDOUT_LIMIT);
  #guard: Guard | undefined;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  print(shown: Shown): void {
    switch (shown.kind) {
      case "header":
        this.#line(Buffer.from(shown.text));
        break;
      case "text":
        for (const line of this.#lines.push(shown)) this.#show(line);
        break;
      case "confirmed":
        this.#lines.keep();
        this.#stdout.keep();
        break;
      case "gap":
        // What the log shows can't be taken back; `stdout` can.
        this.#lines.back();
        this.#stdout.back();
        break;
    }
  }

  /** The output is complete: shows what never got a line's end, and lets the runner listen again. */
  end(): void {
    // With ends, so that the last lines of several workers do not run together in `stdout`.
    for (const line of this.#lines.flush()) this.#show({ ...line, ended: true });
    if (this.#guard !== undefined) this.#options.write(Buffer.from(`${this.#guard.resume}\n`));
    this.#guard = undefined;
    this.#options.onGuard?.(undefined);
  }

  /** The job's standard output, its last 1 MiB at most, without the last line's end. */
  get stdout(): string {
    return this.#stdout.toString().replace(/\r?\n$/, "");
  }

  #show({ stream, bytes, ended }: { stream: "stdout" | "stderr"; bytes: Buffer; ended: boolean }): void {
    this.#line(bytes);
    if (stream !== "stdout") return;
    this.#stdout.push(bytes);
    if (ended) this.#stdout.push(LF);
  }

  /** Without its end. */
  #line(line: Buffer): void {
    if (this.#options.workflowCommands) {
      this.#options.write(line, LF);
      return;
    }
    if (this.#guard === undefined) {
      this.#guard = makeGuard();
      this.#options.write(Buffer.from(`${this.#guard.stop}\n`));
      this.#options.onGuard?.(this.#guard);
    }
    this.#options.write(harmless(line), LF);
  }
}

const LF = Buffer.from("\n");
