const MARK_BEGIN = "\x1b]7733;";
const MARK = /^(begun|\d{1,3})\p{Cc}/u;
/** The longest of what stands behind the nonce. */
const LONGEST = "begun\x07".length;

/** What a piece of output holds. */
export interface PlainOutput {
  /** Without marks. */
  readonly shown: Buffer;
  /** From now on what is typed is the shell's. */
  readonly hasBegun: boolean;
  /** The shell has ended with this code. */
  readonly code: number | undefined;
}

/**
 * Finds the marks that shell.sh writes when the shell begins and once it has ended. They have a nonce, so that no other text counts as one.
 * Without I/O.
 */
export class PlainMarks {
  readonly #begin: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(nonce: string) {
    this.#begin = Buffer.from(`${MARK_BEGIN}${nonce} `);
  }

  /** What may begin a mark is held back until more comes. */
  take(bytes: Uint8Array): PlainOutput {
    let rest = Buffer.concat([this.#held, bytes]);
    const shown: Buffer[] = [];
    let hasBegun = false;
    let code: number | undefined;
    for (let at = rest.indexOf(this.#begin); at >= 0 && code === undefined; at = rest.indexOf(this.#begin)) {
      const behind = at + this.#begin.length;
      const [mark, word = ""] = MARK.exec(rest.toString("latin1", behind, behind + LONGEST)) ?? [];
      if (mark === undefined && rest.length < behind + LONGEST) break;
      // Without a word of ours it is no mark.
      shown.push(rest.subarray(0, mark === undefined ? behind : at));
      rest = rest.subarray(behind + (mark?.length ?? 0));
      if (word === "begun") hasBegun = true;
      else if (mark !== undefined) code = Number(word);
    }
    const held = code === undefined ? this.#markAtEnd(rest) : rest.length;
    shown.push(rest.subarray(0, rest.length - held));
    this.#held = rest.subarray(rest.length - held);
    return { shown: Buffer.concat(shown), hasBegun, code };
  }

  /** How many of the last bytes may be a part of a mark. */
  #markAtEnd(all: Buffer): number {
    const at = all.indexOf(this.#begin);
    if (at >= 0) return all.length - at;
    for (let length = Math.min(all.length, this.#begin.length - 1); length > 0; length--)
      if (all.subarray(all.length - length).equals(this.#begin.subarray(0, length))) return length;
    return 0;
  }
}
