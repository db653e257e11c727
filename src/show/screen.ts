import type { Log } from "../log.ts";
import { Guard } from "./guard.ts";
import type { LineWriter } from "./lines.ts";
import { harmlessLine, harmlessOutput, harmlessText } from "./sanitise.ts";

/** What the runner obeys, as `@actions/core` says it. */
export interface Commands {
  readonly isDebug: () => boolean;
  readonly debug: (text: string) => void;
  readonly warning: (text: string) => void;
  readonly error: (text: string, properties: { readonly title: string }) => void;
  readonly setSecret: (secret: string) => void;
}

export interface ScreenOptions {
  /** Shows bytes, in order. */
  readonly write: LineWriter;
  /** After it the commands may write by themselves. */
  readonly flush: () => void;
  readonly commands: Commands;
}

/**
 * All that the step shows. Every line and annotation of ours is sanitised here, so that no caller can forget it; the
 * job's output is shown as it is, under the guard.
 */
export class Screen implements Log {
  readonly #options: ScreenOptions;
  readonly #guard: Guard;
  /** The runner is to obey what the job prints. */
  #obeyed = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#guard = new Guard((line) => options.write(Buffer.from(`${line}\n`)));
  }

  /** From now on words of others may be shown: the guard goes up, unless the runner is to obey what the job prints. */
  open({ workflowCommands }: { readonly workflowCommands: boolean }): void {
    this.#obeyed = workflowCommands;
    if (!workflowCommands) this.#guard.up();
  }

  /** No job prints any more: the runner may listen again. */
  close(): void {
    this.#guard.down();
    this.#obeyed = false;
  }

  info(line: string): void {
    this.#options.write(Buffer.from(`${harmlessLine(line)}\n`));
  }

  /** A debug line is invisible unless debug logging is on, but lifting the guard for it would show in every log. */
  debug(text: string): void {
    const { commands } = this.#options;
    if (commands.isDebug()) this.#command(() => commands.debug(harmlessText(text)));
  }

  warning(text: string): void {
    this.#command(() => this.#options.commands.warning(harmlessText(text)));
  }

  error(text: string, title: string): void {
    this.#command(() => this.#options.commands.error(harmlessText(text), { title: harmlessLine(title) }));
  }

  /** The runner shows these secrets nowhere, from here on: neither the whole of one nor a line of it. */
  mask(...secrets: readonly string[]): void {
    const all = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]);
    const parts = [...new Set(all)].filter((part) => part.trim() !== "");
    if (parts.length > 0) this.#command(() => parts.forEach(this.#options.commands.setSecret));
  }

  /** Takes whole lines of a job, with their ends; each is shown behind the label. */
  writer(label = ""): LineWriter {
    if (label === "") return (...pieces) => this.#show(pieces);
    const prefix = Buffer.from(label);
    return (...pieces) => {
      for (const line of linesOf(Buffer.concat(pieces))) {
        // A command has to begin its line.
        const isCommand = this.#obeyed && line[0] === COLON && line[1] === COLON;
        this.#show(isCommand ? [line] : [prefix, line]);
      }
    };
  }

  #show(pieces: readonly Buffer[]): void {
    if (!this.#obeyed) this.#guard.up();
    this.#options.write(...(this.#obeyed ? pieces : pieces.map(harmlessOutput)));
  }

  #command(say: () => void): void {
    this.#guard.lifted(() => {
      this.#options.flush();
      say();
    });
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
