import { execFileSync, type ChildProcess } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import type { Aws, Inputs } from "./local.ts";
import { type CliEnd, type InstalledPackage, runCli } from "./npm-package.ts";
import { until } from "./until.ts";

const TERMINAL = resolve(import.meta.dirname, "terminal.py");
/** Behind the shell it says whether the terminal is as it was. */
const ON_TERMINAL = `before=$(stty -g); "$0" "$@"; code=$?; [ "$before" = "$(stty -g)" ] && echo terminal restored; exit $code`;

/** A user who types into \`fargate-exec shell\` on a terminal of this machine. */
export class ShellUser {
  readonly ended: Promise<CliEnd>;
  #child: ChildProcess | undefined;
  #shown = "";
  #seen = 0;

  constructor(aws: Aws, installed: InstalledPackage, inputs: Inputs, words: readonly string[] = []) {
    this.ended = runCli(aws, installed, {
      ...{ inputs, words, command: "shell", keepsStdin: true, env: { TERM: "xterm-256color" } },
      program: ["python3", "-I", TERMINAL, "sh", "-c", ON_TERMINAL, installed.program],
      onOutput: ({ stdout }, child) => {
        this.#child = child;
        this.#shown = stdout.toString();
      },
    });
  }

  /** Types a text, and waits until another one is shown behind all that was waited for before. */
  async types(text: string, shown: string): Promise<void> {
    this.#child?.stdin?.write(text);
    await this.sees(shown);
  }

  async sees(text: string): Promise<void> {
    const find = (): number => this.#shown.indexOf(text, this.#seen);
    await until(
      () => find() >= 0,
      () => this.#shown.slice(this.#seen),
    );
    this.#seen = find() + text.length;
  }

  /** Gives the terminal's window another size. */
  resize(rows: number, cols: number): void {
    const terminal = readlinkSync(`/proc/${this.#program}/fd/0`);
    execFileSync("stty", ["-F", terminal, "rows", String(rows), "cols", String(cols)]);
  }

  /** What runs on the terminal. */
  get #program(): string {
    const { pid } = this.#child ?? {};
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  }
}
