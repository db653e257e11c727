import { type Guard, harmless, makeGuard } from "./guard.ts";
import type { Write } from "./lines.ts";

export interface ScreenOptions {
  readonly write: Write;
  /** Let the runner obey what the jobs print. */
  readonly workflowCommands: boolean;
  /** Told the guard as it goes up, and undefined when it is down again: what we say ourselves has to be let through. */
  readonly onGuard?: ((guard: Guard | undefined) => void) | undefined;
}

/**
 * The step's log for several jobs at once: each line whole and labelled, all of them under one guard, since the first
 * job that ends must not let the runner listen to the others.
 */
export class Screen {
  readonly #options: ScreenOptions;
  #guard: Guard | undefined;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** Takes whole lines, with their ends. */
  writer(label: string): Write {
    const prefix = Buffer.from(label);
    return (...pieces) => {
      for (const line of linesOf(Buffer.concat(pieces))) this.#show(prefix, line);
    };
  }

  /** No job prints any more: the runner may listen again. */
  end(): void {
    if (this.#guard !== undefined) this.#options.write(Buffer.from(`${this.#guard.resume}\n`));
    this.#guard = undefined;
    this.#options.onGuard?.(undefined);
  }

  #show(prefix: Buffer, line: Buffer): void {
    const { write, workflowCommands } = this.#options;
    if (workflowCommands) {
      // A command has to begin its line.
      if (line[0] === COLON && line[1] === COLON) write(line);
      else write(prefix, line);
      return;
    }
    if (this.#guard === undefined) {
      this.#guard = makeGuard();
      write(Buffer.from(`${this.#guard.stop}\n`));
      this.#options.onGuard?.(this.#guard);
    }
    write(prefix, harmless(line));
  }
}

const COLON = ":".charCodeAt(0);
const LF = 10;

function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LF, from) + 1 || bytes.length;
    yield bytes.subarray(from, end);
    from = end;
  }
}
