const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);
/** The most CRs before an LF that are learnt. A terminal puts one there, and a log of the terminal one more. */
const MOST = 8;

/** Removes the CRs that a terminal, and a log of it, put before every LF. Holds back no bytes, only their number. */
export class CarriageReturns {
  #perLine = 0;
  /** CRs at the end of the last piece, which may belong to an LF that is still to come. */
  #held = 0;

  /**
   * Counts the CRs of the line end behind a mark. Returns the bytes after the line end; undefined while it is incomplete.
   */
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
        parts.push(carriageReturns(this.#held), data.subarray(from, last));
        this.#held = 0;
      }
      this.#held += end - last;
      // At most `#perLine` CRs before an LF are the terminal's. More of them are the job's.
      if (this.#held > this.#perLine) {
        parts.push(carriageReturns(this.#held - this.#perLine));
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

function carriageReturns(count: number): Buffer {
  return count === 0 ? NOTHING : Buffer.alloc(count, CR);
}
