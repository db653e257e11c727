import type { Log } from "../../src/log.ts";
import { Changes } from "./until.ts";

/** Keeps what a user would read. */
export class Listener implements Log {
  readonly lines: string[] = [];
  readonly #changes = new Changes();

  info(line: string): void {
    this.lines.push(line);
    this.#changes.notify();
  }
  debug(): void {
    // The user does not see debug lines.
  }
  warning(line: string): void {
    this.info(`warning: ${line}`);
  }

  /** Resolves as soon as a line matches. */
  async until(pattern: RegExp): Promise<void> {
    await this.#changes.until(
      () => this.lines.some((line) => pattern.test(line)),
      () => `a line like ${String(pattern)}, in:\n${this.lines.join("\n")}`,
    );
  }
}
