import type { Host, Time } from "../time.ts";

/** What a terminal holds before a writer has to wait (measured: about 18.7 kB). */
const OUTPUT_BYTES = 18_700;
/** The longest line in canonical mode (termios(3)), without its end. */
const LONGEST_CANONICAL_LINE = 4095;

/** A pseudo-terminal: the agent reads what the command writes, and the command reads lines of what the agent types. */
export class Terminal {
  readonly #time: Time;
  /** What was written and not read. Of the first piece the bytes up to `#readTo` are read. */
  readonly #output: Buffer[] = [];
  #waiting = 0;
  #readTo = 0;
  readonly #writers: (() => void)[] = [];
  #typed = "";
  readonly #lines: string[] = [];
  readonly #readers: { readonly host: Host; readonly take: (line: string) => void }[] = [];
  #isClosed = false;
  #isRaw = false;
  /** Gets what is typed, instead of the readers of lines. */
  #takeRaw: ((bytes: Buffer) => void) | undefined;
  onOutput: () => void = () => undefined;

  constructor(time: Time) {
    this.#time = time;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The agent has left. Nobody waits for it any more. */
  close(): void {
    this.#isClosed = true;
    for (const wake of this.#writers.splice(0)) wake();
  }

  /** From now on lines have any length. With a taker, what was typed and not read goes there, and what will be typed. */
  makeRaw(take?: (bytes: Buffer) => void): void {
    this.#isRaw = true;
    if (take === undefined) return;
    this.#takeRaw = take;
    const typed = `${this.#lines
      .splice(0)
      .map((line) => `${line}\n`)
      .join("")}${this.#typed}`;
    this.#typed = "";
    if (typed !== "") take(Buffer.from(typed, "latin1"));
  }

  /** Writes for a process, which waits while the terminal is full. Never settles once the process is dead. */
  async write(host: Host, data: Uint8Array | string): Promise<void> {
    let rest = typeof data === "string" ? Buffer.from(data) : viewOf(data);
    while (rest.length > 0) {
      if (this.isClosed) return;
      const room = OUTPUT_BYTES - this.#waiting;
      if (room > 0) {
        const piece = rest.subarray(0, room);
        this.#output.push(piece);
        this.#waiting += piece.length;
        rest = rest.subarray(room);
        this.onOutput();
      }
      if (rest.length > 0) await new Promise<void>((resolve) => this.#writers.push(resolve));
      if (host.isDead) await new Promise(() => undefined);
    }
  }

  /** The agent reads. */
  read(most: number): Buffer {
    const pieces: Buffer[] = [];
    for (let left = most, first = this.#output[0]; left > 0 && first !== undefined; first = this.#output[0]) {
      const piece = first.subarray(this.#readTo, this.#readTo + left);
      pieces.push(piece);
      left -= piece.length;
      this.#waiting -= piece.length;
      this.#readTo += piece.length;
      if (this.#readTo === first.length) {
        this.#output.shift();
        this.#readTo = 0;
      }
    }
    const [only] = pieces;
    const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    for (const wake of this.#writers.splice(0)) wake();
    return bytes;
  }

  /** The agent types. */
  type(bytes: Uint8Array): void {
    if (this.#takeRaw !== undefined) {
      this.#takeRaw(Buffer.from(bytes));
      return;
    }
    this.#typed += Buffer.from(bytes).toString("latin1");
    for (let end = this.#typed.indexOf("\n"); end >= 0; end = this.#typed.indexOf("\n")) {
      this.#lines.push(this.#typed.slice(0, this.#isRaw ? end : Math.min(end, LONGEST_CANONICAL_LINE)));
      this.#typed = this.#typed.slice(end + 1);
    }
    this.#handOut();
  }

  /** The next line, for a process. Never settles when the process dies or no line comes. */
  readLine(host: Host): Promise<string> {
    return new Promise((resolve) => {
      this.#readers.push({ host, take: resolve });
      this.#time.after(host, 0, () => this.#handOut());
    });
  }

  #handOut(): void {
    while (this.#lines.length > 0) {
      const reader = this.#readers.shift();
      if (reader === undefined) return;
      if (!reader.host.isDead) reader.take(this.#lines.shift() ?? "");
    }
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
