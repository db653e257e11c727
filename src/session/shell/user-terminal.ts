import { Bytes } from "../bytes.ts";
import type { TerminalSize } from "../forward/streams.ts";
import { Escapes, ESCAPES_HELP } from "./escapes.ts";
import type { LocalTerminal } from "./local-terminal.ts";
import { Screen } from "./screen.ts";
import { wholeCharacters } from "./whole-characters.ts";

/** Keys that wait for the container. With more of them the terminal is not read, and a paste waits there. */
const MOST_TYPED = 65_536;

/** Who has the shell's terminal: a relay, so that the shell outlives its session; or the session. */
export type ShellWay = "relay" | "session";

/** Called before the shell has the user's terminal, and with undefined behind it. */
export type OnTerminal = (way: ShellWay | undefined) => void;

/** The far end of what is typed. */
export interface Typist {
  /** Keys wait for `pull`. */
  ready(): void;
  resize(size: TerminalSize): void;
}

/** The user's terminal while a shell has it: keys without the escapes, and notices that do not spoil the screen. */
export class UserTerminal {
  readonly #local: LocalTerminal;
  readonly #onTaken: OnTerminal;
  readonly #left = new AbortController();
  readonly #escapes = new Escapes();
  readonly #screen = new Screen();
  readonly #typed = new Bytes();
  #isOpen = false;

  constructor(local: LocalTerminal, onTaken: OnTerminal) {
    this.#local = local;
    this.#onTaken = onTaken;
  }

  /** Aborts when the user leaves the shell, or when the terminal is gone. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  get size(): TerminalSize {
    return this.#local.size;
  }

  /** The keys of the terminal are the shell's from now on. */
  open(typist: Typist, way: ShellWay): void {
    this.#isOpen = true;
    this.#onTaken(way);
    this.#local.open({
      typed: (bytes) => {
        this.#take(bytes);
        typist.ready();
      },
      resized: () => typist.resize(this.size),
      gone: () => this.#left.abort(new Error("the terminal is gone")),
    });
  }

  /** At most so many bytes of what was typed, in whole characters; undefined when there are none. */
  pull(most: number): Buffer | undefined {
    if (this.#typed.length === 0) return undefined;
    const all = this.#typed.take();
    const count = wholeCharacters(all, most);
    this.#typed.push(all.subarray(count));
    if (count === 0) return undefined;
    this.#read();
    return all.subarray(0, count);
  }

  /** Shows what the shell prints. Resolves once the terminal has it. */
  async show(bytes: Uint8Array): Promise<void> {
    this.#screen.take(bytes);
    await this.#local.write(bytes);
  }

  /**
   * Shows lines of this program. A full-screen program has the last line of its screen overwritten, until it draws the screen again. False
   * when a notice would spoil what the shell is just printing.
   */
  say(lines: readonly string[]): boolean {
    if (!this.#screen.isBetween) return false;
    const { rows, cols } = this.size;
    const texts = lines.map((line) => `[fargate-exec: ${line}]`);
    // Saves the cursor, goes to the last line, shows the text reversed, and comes back (DECSC, CUP, SGR, EL, DECRC).
    const shown = this.#screen.isFull
      ? `\x1b7\x1b[${rows};1H\x1b[7m${texts.join(" ").slice(0, cols - 1)}\x1b[m\x1b[K\x1b8`
      : `\r\n${texts.join("\r\n")}\r\n`;
    void this.#local.write(Buffer.from(shown));
    return true;
  }

  /** Whether a full-screen program has the terminal. */
  get isFull(): boolean {
    return this.#screen.isFull;
  }

  /** Gives the terminal back as it was. Resolves once all is shown. */
  async close({ hasExited }: { readonly hasExited: boolean }): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A shell that has not ended by itself leaves the cursor where it was.
    const line = hasExited ? "" : "\r\n";
    await this.#local.write(Buffer.from(this.#screen.restore() + line));
    this.#local.close();
    this.#onTaken(undefined);
  }

  #take(bytes: Uint8Array): void {
    const { typed, actions } = this.#escapes.take(bytes);
    if (typed.length > 0) this.#typed.push(typed);
    this.#read();
    for (const action of actions)
      if (action === "leave") this.#left.abort(new Error("the user has left the shell"));
      else this.say(ESCAPES_HELP);
  }

  #read(): void {
    this.#local.read(this.#typed.length < MOST_TYPED);
  }
}
