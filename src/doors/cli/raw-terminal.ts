import { spawnSync } from "node:child_process";
import { write } from "node:fs";
import type { ReadStream, WriteStream } from "node:tty";
import { systemClock as clock } from "../../clock.ts";
import { codeOf } from "../../values.ts";
import type { TerminalSize } from "../../session/forward/streams.ts";
import type { LocalTerminal, TerminalEvents } from "../../session/shell/local-terminal.ts";

const USUAL_SIZE: TerminalSize = { rows: 24, cols: 80 };
/** The size has 16 bits (ioctl_tty(2), TIOCSWINSZ). */
const LARGEST = 65_535;
const STDOUT = 1;
/** The pause before another try to write to a terminal that takes nothing now. */
const AGAIN_MS = 10;

/** The terminal of this process. While it is open its keys come as they are, and what is shown goes there as it is. */
export class RawTerminal implements LocalTerminal {
  readonly type: string;
  readonly #stdin: ReadStream;
  readonly #stdout: WriteStream;
  #on: TerminalEvents | undefined;
  #writes: Promise<void> = Promise.resolve();
  readonly #typed = (bytes: Buffer): void => this.#on?.typed(bytes);
  readonly #resized = (): void => this.#on?.resized();
  readonly #gone = (): void => this.#on?.gone();
  readonly #restore = (): void => this.#setRaw(false);
  readonly #suspend = (): void => {
    this.#setRaw(false);
    process.kill(process.pid, "SIGSTOP");
  };
  readonly #resume = (): void => {
    this.#setRaw(true);
    this.#on?.resized();
  };

  constructor(type: string, { stdin, stdout }: Pick<NodeJS.Process, "stdin" | "stdout"> = process) {
    this.type = type;
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  get size(): TerminalSize {
    const { rows, columns: cols } = this.#stdout;
    // A terminal that does not know its size says 0, and what is no terminal says nothing.
    if (!(rows > 0 && cols > 0)) return USUAL_SIZE;
    return { rows: Math.min(rows, LARGEST), cols: Math.min(cols, LARGEST) };
  }

  open(on: TerminalEvents): void {
    this.#on = on;
    process.on("exit", this.#restore);
    process.on("SIGTSTP", this.#suspend);
    process.on("SIGCONT", this.#resume);
    this.#stdout.on("resize", this.#resized);
    this.#stdin.on("error", this.#gone).on("end", this.#gone).on("data", this.#typed);
    this.#setRaw(true);
  }

  read(isRead: boolean): void {
    if (this.#on === undefined || isRead === !this.#stdin.isPaused()) return;
    if (isRead) this.#stdin.resume();
    else this.#stdin.pause();
  }

  /** Not by the stream: that would stop this process while the terminal takes nothing (Node.js, `tty.WriteStream`). */
  write(bytes: Uint8Array): Promise<void> {
    this.#writes = this.#writes.then(() => writeAll(bytes));
    return this.#writes;
  }

  close(): void {
    this.#on = undefined;
    this.#stdin.off("error", this.#gone).off("end", this.#gone).off("data", this.#typed);
    // A terminal that is gone may still tell it.
    this.#stdin.on("error", () => undefined);
    this.#stdin.pause();
    this.#stdout.off("resize", this.#resized);
    process.off("SIGTSTP", this.#suspend).off("SIGCONT", this.#resume).off("exit", this.#restore);
    this.#setRaw(false);
  }

  #setRaw(isRaw: boolean): void {
    try {
      this.#stdin.setRawMode(isRaw);
    } catch {
      return; // the terminal is gone
    }
    // Raw mode of Node.js leaves a carriage return in front of each line feed (libuv, UV_TTY_MODE_RAW), which full-screen programs use
    // to go down. The end of raw mode restores all settings.
    if (isRaw) spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  }
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const { count, error } = await new Promise<{ count: number; error: unknown }>((resolve) =>
      write(STDOUT, rest, (failure, written) => resolve({ count: written, error: failure })),
    );
    if (codeOf(error) === "EAGAIN") await clock.sleep(AGAIN_MS);
    // Nobody looks at a terminal that is gone, which its input tells.
    else if (error !== null) return;
    else rest = rest.subarray(count);
  }
}
