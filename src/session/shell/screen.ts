import { isContinuation, lengthOf } from "./whole-characters.ts";

/**
 * The private modes that a program sets and that would spoil the terminal after it (xterm control sequences, "DECSET"), by their
 * numbers, and whether the usual state is set.
 */
const USUAL: ReadonlyMap<number, boolean> = new Map([
  ...([1, 9, 47, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1049, 2004] as const).map(
    (mode) => [mode, false] as const,
  ),
  [7, true],
  [25, true],
]);
/** The alternate screen, which full-screen programs use. */
const ALTERNATE: readonly number[] = [47, 1047, 1049];
/** Parameters of a longer sequence are not looked at. */
const LONGEST_PARAMETERS = 64;

type State = "ground" | "escape" | "parameters" | "string" | "string-escape";

/**
 * Follows what a terminal is shown, as far as it has to be known where a text may be put between, and what to undo at the end.
 * Without I/O.
 */
export class Screen {
  #state: State = "ground";
  #parameters = "";
  /** The bytes that are missing of a character. */
  #missing = 0;
  readonly #changed = new Set<number>();
  #hasKeypad = false;
  #hasColours = false;

  /** Whether the bytes so far end between two characters and outside any sequence. */
  get isBetween(): boolean {
    return this.#state === "ground" && this.#missing === 0;
  }

  /** Whether a full-screen program has the terminal. */
  get isFull(): boolean {
    return ALTERNATE.some((mode) => this.#changed.has(mode));
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) this.#step(byte);
  }

  /** What makes the terminal usual again. Empty when it is. */
  restore(): string {
    const modes = [...this.#changed].map((mode) => `\x1b[?${mode}${USUAL.get(mode) === true ? "h" : "l"}`);
    const keypad = this.#hasKeypad ? "\x1b>" : "";
    const colours = this.#hasColours ? "\x1b[m" : "";
    // CAN ends a sequence that was cut off (ECMA-48).
    const cancel = this.isBetween ? "" : "\x18";
    this.#changed.clear();
    this.#state = "ground";
    this.#missing = 0;
    [this.#hasKeypad, this.#hasColours] = [false, false];
    return cancel + colours + modes.join("") + keypad;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case "ground":
        if (byte === 0x1b) this.#state = "escape";
        else this.#missing = isContinuation(byte) ? Math.max(0, this.#missing - 1) : lengthOf(byte) - 1;
        if (byte === 0x1b) this.#missing = 0;
        break;
      case "escape":
        this.#begin(byte);
        break;
      case "parameters":
        if (byte >= 0x40 && byte <= 0x7e) this.#end(String.fromCharCode(byte));
        else if (byte === 0x1b) this.#state = "escape";
        else if (this.#parameters.length < LONGEST_PARAMETERS) this.#parameters += String.fromCharCode(byte);
        break;
      case "string":
        if (byte === 0x07 || byte === 0x18) this.#state = "ground";
        else if (byte === 0x1b) this.#state = "string-escape";
        break;
      case "string-escape":
        // ESC \ ends a string; another sequence breaks it off.
        if (byte === 0x5c) this.#state = "ground";
        else this.#begin(byte);
    }
  }

  /** The byte after ESC. */
  #begin(byte: number): void {
    const character = String.fromCharCode(byte);
    if (byte >= 0x20 && byte <= 0x2f) return; // the sequence has one more
    this.#state = "ground";
    if (character === "[") {
      this.#state = "parameters";
      this.#parameters = "";
    } else if ("]PX^_".includes(character)) this.#state = "string";
    else if (character === "=" || character === ">") this.#hasKeypad = character === "=";
    else if (character === "c") this.#changed.clear();
  }

  #end(final: string): void {
    this.#state = "ground";
    const parameters = this.#parameters;
    if (final === "m" && !/^[?>]/.test(parameters)) this.#hasColours = !/^0*$/.test(parameters);
    if (!parameters.startsWith("?") || (final !== "h" && final !== "l")) return;
    for (const mode of parameters.slice(1).split(";").map(Number)) {
      const usual = USUAL.get(mode);
      if (usual === undefined) continue;
      if (usual === (final === "h")) this.#changed.delete(mode);
      else this.#changed.add(mode);
    }
  }
}
