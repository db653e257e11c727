import { Damage, numberBytes, PacketKind, type Seal, Violation } from "./packets.ts";

/** Bytes of unacknowledged lines after which the link takes no data. */
const MOST_KEPT_BYTES = 524_288;
/** The most unacknowledged lines of any kind. */
const MOST_KEPT = 10_000;
/** An acknowledgement waits for so many milliseconds or bytes. */
const ACK_AFTER_MS = 100;
const ACK_BYTES = 65_536;
/** An acknowledgement goes at least this often, as the sign of life. The container's go each second. */
const BEAT_MS = 5_000;

/**
 * The link of a forward, without I/O: lines and the time in, lines out. It numbers its frames, keeps them until the container has them,
 * and drops those that come again. So a new session goes on at the byte.
 */
export class Link {
  readonly #seal: Seal;
  /** Those of the frames from `#oldest` on that are not acknowledged. */
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #oldest = 0;
  /** The next frame to write. */
  #written = 0;
  /** The next frame to come. */
  #expected = 0;
  #session = 0;
  #isGreeted = false;
  #urgent: Buffer[] = [];
  #unacked = 0;
  #ackAt = Infinity;

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** True once the container has answered in this session. */
  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  /** Whether the link takes data now: all that it has taken is written, and not too much of it is unacknowledged. */
  get hasRoom(): boolean {
    return this.#isGreeted && this.#keptBytes < MOST_KEPT_BYTES && this.#written === this.#next;
  }

  /** Begins to speak through a new session. */
  begin(): void {
    this.pause();
    this.#session += 1;
    this.#urgent = [this.#seal.close(PacketKind.hello, this.#session, numberBytes(this.#expected))];
  }

  /** The session is lost. Frames wait for the next one. */
  pause(): void {
    this.#isGreeted = false;
    this.#urgent = [];
    this.#ackAt = Infinity;
  }

  /** Whether the container leaves too much unacknowledged. Nothing more is kept then, so the forward has to end. */
  get isOverfull(): boolean {
    return this.#kept.length >= MOST_KEPT;
  }

  put(body: Buffer): void {
    if (this.isOverfull) return;
    const line = this.#seal.close(PacketKind.frame, this.#next, body);
    this.#kept.push(line);
    this.#keptBytes += line.length;
  }

  /**
   * The body of the frame in this line. Undefined for another packet, and for a frame that has come before. Throws `Damage` or
   * `Violation`.
   */
  receive(line: Buffer, now: number): Buffer | undefined {
    const { kind, number, body } = this.#seal.open(line);
    switch (kind) {
      case PacketKind.hello:
        if (number === this.#session && !this.#isGreeted) this.#greet(body, now);
        return undefined;
      case PacketKind.ack:
        this.#acknowledge(number);
        return undefined;
      case PacketKind.frame:
        return this.#isNext(number, line.length, now) ? body : undefined;
      default:
        throw new Violation("a packet has no kind");
    }
  }

  tick(now: number): void {
    if (!this.#isGreeted || now < this.#ackAt) return;
    this.#urgent.push(this.#seal.close(PacketKind.ack, this.#expected));
    this.#unacked = 0;
    this.#ackAt = now + BEAT_MS;
  }

  /** The next line to write; undefined when there is none. */
  take(): Buffer | undefined {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined || !this.#isGreeted || this.#written === this.#next) return urgent;
    return this.#kept[this.#written++ - this.#oldest];
  }

  get #next(): number {
    return this.#oldest + this.#kept.length;
  }

  #greet(body: Buffer, now: number): void {
    if (body.length !== numberBytes(0).length) throw new Violation("a greeting has no number");
    const expected = body.readUIntBE(0, body.length);
    if (expected < this.#oldest) throw new Violation("the container lacks frames that it has acknowledged");
    this.#acknowledge(expected);
    this.#written = this.#oldest;
    this.#isGreeted = true;
    this.#unacked = 0;
    this.#ackAt = now + BEAT_MS;
  }

  #acknowledge(below: number): void {
    if (below > this.#next) throw new Violation("the container acknowledges what was never sent");
    if (below <= this.#oldest) return;
    for (const line of this.#kept.splice(0, below - this.#oldest)) this.#keptBytes -= line.length;
    this.#oldest = below;
    this.#written = Math.max(this.#written, below);
  }

  #isNext(number: number, length: number, now: number): boolean {
    if (!this.#isGreeted) throw new Damage("a frame comes before the greeting");
    if (number > this.#expected) throw new Damage("a frame is missing");
    this.#unacked += length;
    this.#ackAt = this.#unacked >= ACK_BYTES ? now : Math.min(this.#ackAt, now + ACK_AFTER_MS);
    if (number < this.#expected) return false;
    this.#expected += 1;
    return true;
  }
}
