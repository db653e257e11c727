import type { Log } from "../../src/log.ts";
import { Changes } from "./until.ts";

/** Keeps what a user would read. */
export class Listener implements Log {
  readonly lines: string[] = [];
  /** What the user sees with debug logging only. */
  readonly debugLines: string[] = [];
  /** The titles of the phases; undefined for the end of one. */
  readonly phases: (string | undefined)[] = [];
  readonly #changes = new Changes();

  info(line: string): void {
    this.lines.push(line);
    this.#changes.notify();
  }
  debug(line: string): void {
    this.debugLines.push(line);
  }
  warning(line: string): void {
    this.info(`warning: ${line}`);
  }
  warnOnce(line: string): void {
    if (!this.lines.includes(`warning: ${line}`)) this.warning(line);
  }
  notice(text: string): void {
    this.info(`notice: ${text}`);
  }
  phase(title?: string): void {
    this.phases.push(title);
  }
  fold(_title: string, line: string): void {
    this.info(line);
  }

  /** Resolves as soon as a line matches. */
  async until(pattern: RegExp): Promise<void> {
    await this.#changes.until(
      () => this.lines.some((line) => pattern.test(line)),
      () => `a line like ${String(pattern)}, in:\n${this.lines.join("\n")}`,
    );
  }
}
