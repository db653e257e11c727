const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);
/** A terminal puts one, a log of it one more. */
const MOST = 8;

/** Takes away the CRs that a terminal, and a log of it, have put before every LF. Holds no byte back, only a number. */
export class CarriageReturns {
  #perLine = 0;
  /** CRs seen that may belong to a LF still to come. */
  #held = 0;

  /** Another session: what was seen of a line's end is not sent again in part. */
  restart(): void {
    this.#perLine = 0;
    this.#held = 0;
  }

  /** Learns from the line's end behind a mark how many they are. What follows, or undefined while it hasn't come. */
  learn(bytes: Buffer): Buffer | undefined {
    let from = 0;
    while (bytes[from] === CR && this.#perLine < MOST) {
      this.#perLine += 1;
      from += 1;
    }
    if (from === bytes.length) return undefined;
    return bytes.subarray(bytes[from] === LF ? from + 1 : from);
  }

  strip(data: Buffer): Buffer {
    if (this.#perLine === 0) return data;
    const parts: Buffer[] = [];
    let from = 0;
    while (from < data.length) {
      const lf = data.indexOf(LF, from);
      const end = lf < 0 ? data.length : lf;
      let last = end;
      while (last > from && data[last - 1] === CR) last -= 1;
      if (last > from) {
        parts.push(returns(this.#held), data.subarray(from, last));
        this.#held = 0;
      }
      this.#held += end - last;
      // Of those before a line's end no more are the terminal's, however many come.
      if (this.#held > this.#perLine) {
        parts.push(returns(this.#held - this.#perLine));
        this.#held = this.#perLine;
      }
      if (lf >= 0) {
        parts.push(data.subarray(lf, lf + 1));
        this.#held = 0;
      }
      from = end + 1;
    }
    return Buffer.concat(parts);
  }
}

function returns(count: number): Buffer {
  return count === 0 ? NOTHING : Buffer.alloc(count, CR);
}
