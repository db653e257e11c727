import { bytesOf, type ContainerSeal, Damage, Kind, Violation } from "./seal.ts";

/** Septets that the runner has not acknowledged, after which no data is taken; and the most lines of any kind. */
const MOST_BYTES = 524_288;
const MOST_LINES = 10_000;
/** An acknowledgement waits for so long, or for so many septets. One goes at least each `BEAT_MS`, as the sign of life. */
const ACK_MS = 100;
const ACK_BYTES = 65_536;
const BEAT_MS = 1_000;

/** The container's end of the numbered frames, which outlives sessions. */
export class ContainerLink {
  /** When the runner was heard last, and when the next acknowledgement is due. */
  heardAt: number | undefined;
  ackAt = Infinity;
  readonly #seal: ContainerSeal;
  #session = 0;
  #urgent: Buffer[] = [];
  /** Lines by the numbers of their frames, from `#oldest` on. */
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  #oldest = 0;
  #written = 0;
  #wanted = 0;
  #unacknowledged = 0;

  constructor(seal: ContainerSeal) {
    this.#seal = seal;
  }

  get hasRoom(): boolean {
    return this.#session > 0 && this.#bytes < MOST_BYTES && this.#written === this.#next;
  }

  get #next(): number {
    return this.#oldest + this.#lines.length;
  }

  /** The greeting of a session that is newer than the one in use. False for any other line. */
  greet(line: Buffer, now: number): boolean {
    const packet = this.#tryOpen(line);
    if (packet?.kind !== Kind.hello || packet.of <= this.#session || packet.body.length !== 6) return false;
    const has = packet.body.readUIntBE(0, 6);
    if (has < this.#oldest || has > this.#next)
      throw new Violation("the runner has frames that were never sent");
    this.#session = packet.of;
    this.#forget(has);
    this.#written = this.#oldest;
    this.#urgent = [this.#seal.close(Kind.hello, packet.of, bytesOf(this.#wanted))];
    this.#unacknowledged = 0;
    this.ackAt = now + BEAT_MS;
    this.heardAt = now;
    return true;
  }

  put(body: Buffer): void {
    const line = this.#seal.close(Kind.frame, this.#next, body);
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#lines.length > MOST_LINES) throw new Violation("the runner acknowledges nothing");
  }

  /** The body of the next frame. Undefined for another packet, and for a frame that has come before. */
  take(line: Buffer, now: number): Buffer | undefined {
    const { kind, of, body } = this.#seal.open(line);
    this.heardAt = now;
    if (kind === Kind.ack) this.#acknowledge(of);
    if (kind > Kind.ack) throw new Violation("a packet of no kind");
    if (kind !== Kind.frame) return undefined;
    if (of > this.#wanted) throw new Damage("a frame is missing");
    this.#unacknowledged += line.length;
    this.ackAt = this.#unacknowledged >= ACK_BYTES ? now : Math.min(this.ackAt, now + ACK_MS);
    if (of < this.#wanted) return undefined;
    this.#wanted += 1;
    return body;
  }

  tick(now: number): void {
    if (this.#session === 0 || now < this.ackAt) return;
    this.#urgent.push(this.#seal.close(Kind.ack, this.#wanted));
    this.#unacknowledged = 0;
    this.ackAt = now + BEAT_MS;
  }

  /** The next line to be written. */
  next(): Buffer | undefined {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined || this.#session === 0) return urgent;
    const line = this.#lines[this.#written - this.#oldest];
    if (line !== undefined) this.#written += 1;
    return line;
  }

  #acknowledge(below: number): void {
    if (below > this.#next) throw new Violation("the runner acknowledges what was never sent");
    this.#forget(below);
  }

  #forget(below: number): void {
    for (; this.#oldest < below; this.#oldest += 1) this.#bytes -= this.#lines.shift()?.length ?? 0;
    this.#written = Math.max(this.#written, this.#oldest);
  }

  #tryOpen(line: Buffer): ReturnType<ContainerSeal["open"]> | undefined {
    try {
      return this.#seal.open(line);
    } catch (error) {
      if (error instanceof Damage) return undefined;
      throw error;
    }
  }
}
