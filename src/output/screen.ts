import { type Guard, harmless, makeGuard } from "./guard.ts";

export interface ScreenOptions {
  readonly write: (bytes: Uint8Array) => void;
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
  writer(label: string): (line: Uint8Array) => void {
    const prefix = Buffer.from(label);
    return (line) => {
      const { write, workflowCommands } = this.#options;
      if (workflowCommands) {
        // A command has to begin its line.
        const isCommand = line[0] === COLON && line[1] === COLON;
        write(isCommand ? line : Buffer.concat([prefix, line]));
        return;
      }
      if (this.#guard === undefined) {
        this.#guard = makeGuard();
        write(Buffer.from(`${this.#guard.stop}\n`));
        this.#options.onGuard?.(this.#guard);
      }
      write(Buffer.concat([prefix, harmless(Buffer.from(line))]));
    };
  }

  /** No job prints any more: the runner may listen again. */
  end(): void {
    if (this.#guard !== undefined) this.#options.write(Buffer.from(`${this.#guard.resume}\n`));
    this.#guard = undefined;
    this.#options.onGuard?.(undefined);
  }
}

const COLON = ":".charCodeAt(0);
