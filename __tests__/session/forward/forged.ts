import { Lines, numberBytes, PacketKind, Seal } from "../../../src/session/forward/packets.ts";
import { ByteQueue } from "../../../src/session/byte-queue.ts";
import type { SessionEnd } from "../../../src/session/end.ts";
import type { Session } from "../../../src/session/session.ts";

/** A session whose relay says what the test says. */
export class Forged implements Session {
  readonly output = new ByteQueue(() => undefined);
  readonly sessionId = "forged";
  readonly received = 0;
  readonly heard = true;
  readonly isSetUp = true;
  cuts = 0;
  readonly ended: Promise<SessionEnd>;
  end: (end: SessionEnd) => void = () => undefined;
  acknowledges = true;
  /** After the greeting, and at each frame. */
  onGreeted: () => void = () => undefined;
  onFrame: (kind: number, of: number, rest: Buffer) => void = () => undefined;
  readonly #lines = new Lines();
  #next = 0;
  /** The frames of the runner that the relay has. */
  #has = 0;
  #seal: Seal | undefined;
  /** The key comes with the first session alone. */
  static key = Buffer.alloc(64);

  /** `last` is the session that the relay had before. */
  constructor(last?: Forged) {
    if (last !== undefined) [this.#next, this.#has] = [last.#next, last.#has];
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.output.push(Buffer.from("\u001b]7733;ready\u0007\n"));
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#seal === undefined) this.#seal = this.#sealOf(Buffer.from(bytes).toString());
    else for (const line of this.#lines.cut(bytes)) this.#take(line);
    return new Promise((resolve) => void setImmediate(resolve));
  }

  /** The first that comes is typed: the program and the order, each a line of base64. */
  #sealOf(typed: string): Seal {
    const order = Buffer.from(typed.split("\n")[1] ?? "", "base64").toString();
    const { key } = JSON.parse(order) as { key?: string };
    if (key !== undefined) Forged.key = Buffer.from(key, "base64");
    return new Seal(Forged.key, "c");
  }

  #take(line: Buffer): void {
    const packet = this.#seal?.open(line);
    if (packet?.kind === PacketKind.hello) {
      this.say(PacketKind.hello, packet.number, numberBytes(this.#has));
      this.onGreeted();
    } else if (packet?.kind === PacketKind.frame) {
      if (this.acknowledges) this.say(PacketKind.ack, (this.#has = packet.number + 1));
      this.onFrame(packet.body.readUInt8(0), packet.body.readUInt32BE(1), packet.body.subarray(5));
    }
  }

  /** The sign of life. */
  beat(): void {
    this.say(PacketKind.ack, this.#has);
  }

  say(kind: 0 | 1 | 2, number: number, body?: Buffer): void {
    const line = this.#seal?.close(kind, number, body);
    if (line !== undefined) this.output.push(line);
  }

  frame(kind: number, of: number, rest: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.concat([Buffer.of(kind), numberBytes(of, 4)]);
    this.say(PacketKind.frame, this.#next++, Buffer.concat([head, rest]));
  }

  resize(): void {
    // The relay has no use for a size.
  }

  close(): Promise<void> {
    this.output.end();
    this.end({ kind: "closed-here" });
    return Promise.resolve();
  }
}
