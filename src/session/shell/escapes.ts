/** What the user asks of this program and not of the shell. */
export type EscapeAction = "leave" | "help";

const TILDE = 0x7e;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const ACTIONS: Readonly<Record<string, EscapeAction>> = { ".": "leave", "?": "help" };

/** What `~?` says. */
export const ESCAPES_HELP: readonly string[] = [
  "~.  ends the shell and leaves",
  "~~  sends a tilde",
  "~?  says this",
  "Only behind a line end.",
];

/** Finds the escapes of `ssh` in what is typed: a tilde at the begin of a line, and the character after it. Without I/O. */
export class Escapes {
  #isLineBegin = true;
  #hasTilde = false;

  /** What is for the shell, and what the user asks of this program. A tilde that may begin an escape is held back. */
  take(bytes: Uint8Array): { readonly typed: Buffer; readonly actions: readonly EscapeAction[] } {
    const typed: number[] = [];
    const actions: EscapeAction[] = [];
    for (const byte of bytes) {
      if (this.#hasTilde) {
        this.#hasTilde = false;
        const action = ACTIONS[String.fromCharCode(byte)];
        if (action !== undefined) {
          actions.push(action);
          this.#isLineBegin = true;
          continue;
        }
        typed.push(TILDE);
        // Two tildes send one.
        if (byte === TILDE) {
          this.#isLineBegin = false;
          continue;
        }
      } else if (byte === TILDE && this.#isLineBegin) {
        this.#hasTilde = true;
        continue;
      }
      typed.push(byte);
      this.#isLineBegin = byte === CARRIAGE_RETURN || byte === LINE_FEED;
    }
    return { typed: Buffer.from(typed), actions };
  }
}
