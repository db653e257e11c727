import type { Host, Time } from "../time.ts";

/** Bytes that an end holds for its program. */
const CAPACITY = 65_536;

/** What a program gets of a connection: bytes, the end of them, or that it is broken off. Undefined when nothing has come. */
export type Received = Buffer | "end" | "reset" | undefined;

/** One end of a TCP connection. Each half ends alone. */
export class TcpEnd {
  /** Called when something may be read or written that could not be before. */
  onChange: () => void = () => undefined;
  readonly #time: Time;
  readonly #host: Host;
  #other: TcpEnd = this;
  #inbox: Buffer[] = [];
  #waiting = 0;
  #hasEnded = false;
  #isClosed = false;
  #isReset = false;
  #isToldSoon = false;

  /** Two ends of one connection, of processes that live on these hosts. */
  static pair(time: Time, one: Host, other: Host): readonly [TcpEnd, TcpEnd] {
    const ends = [new TcpEnd(time, one), new TcpEnd(time, other)] as const;
    [ends[0].#other, ends[1].#other] = [ends[1], ends[0]];
    return ends;
  }

  private constructor(time: Time, host: Host) {
    this.#time = time;
    this.#host = host;
    // The system closes what a dead process had open.
    host.whenDead(() => this.close());
  }

  /** Takes what fits. 0 when nothing does; "reset" on a connection that is broken off. */
  write(bytes: Uint8Array): number | "reset" {
    const other = this.#other;
    if (this.#isReset) return "reset";
    if (other.#isClosed) {
      this.#isReset = true;
      return "reset";
    }
    const count = Math.min(bytes.length, CAPACITY - other.#waiting);
    if (count > 0) {
      other.#inbox.push(Buffer.from(bytes.subarray(0, count)));
      other.#waiting += count;
      other.#tell();
    }
    return count;
  }

  read(most: number): Received {
    const first = this.#inbox[0];
    if (first === undefined) {
      if (this.#isReset) return "reset";
      return this.#other.#hasEnded ? "end" : undefined;
    }
    const piece = first.subarray(0, most);
    if (piece.length === first.length) this.#inbox.shift();
    else this.#inbox[0] = first.subarray(most);
    this.#waiting -= piece.length;
    this.#other.#tell();
    return piece;
  }

  /** Sends no more. */
  end(): void {
    if (this.#hasEnded || this.#isReset) return;
    this.#hasEnded = true;
    this.#other.#tell();
  }

  /** Breaks off. */
  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#other.#isClosed) return;
    this.#other.#isReset = true;
    this.#other.#tell();
  }

  /** The program has done with it. The other end sees an end, or that it is broken off when not all was read. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#waiting > 0) this.reset();
    else {
      this.end();
      this.#isClosed = true;
    }
  }

  #tell(): void {
    if (this.#isToldSoon) return;
    this.#isToldSoon = true;
    this.#time.after(this.#host, 0, () => {
      this.#isToldSoon = false;
      if (!this.#isClosed) this.onChange();
    });
  }
}
