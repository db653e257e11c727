import type { Host } from "../time.ts";
import type { StartedCommand } from "../world/agent.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { mark } from "./records.ts";

/** A program on the terminal of a session: what it reads, writes and waits for. */
export class Shell {
  readonly container: Container;
  readonly host: Host;
  /** When the first process of the session began, in milliseconds since the epoch. */
  readonly began: number;
  readonly #command: StartedCommand;
  nonce = "";
  /** True once the runner has typed a line. */
  isHeard = false;

  constructor(container: Container, command: StartedCommand) {
    this.container = container;
    this.host = command.host;
    this.began = container.base.time.now;
    this.#command = command;
  }

  get now(): number {
    return this.container.base.time.now;
  }

  sleep(ms: number): Promise<void> {
    return this.container.base.time.sleep(this.host, ms);
  }

  /** A program starts, and does what it does quickly. */
  work(programs = 1): Promise<void> {
    return this.sleep(programs * this.container.options.pace);
  }

  write(data: Uint8Array | string): Promise<void> {
    return this.#command.terminal.write(this.host, data);
  }

  /** A mark before the nonce is known, on a line of its own. */
  say(text: string): Promise<void> {
    return this.write(`${mark(text)}\n`);
  }

  /** A mark with the nonce. */
  mark(text: string): Promise<void> {
    return this.write(mark(`${this.nonce};${text}`));
  }

  readLine(host = this.host): Promise<string> {
    return this.#command.terminal.readLine(host);
  }

  /** The lines up to a dot. */
  async readToDot(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let line = await this.readLine(); line !== "."; line = await this.readLine()) lines.push(line);
    return lines;
  }

  /** Shows the notes of the job's processes to the user. */
  async tellNotes({ notes }: Directory): Promise<void> {
    for (const note of notes.splice(0)) await this.mark(`n ${note}`);
  }
}
