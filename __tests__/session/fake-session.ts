import { ByteQueue } from "../../src/session/byte-queue.ts";
import { sessionLost } from "../../src/session/transport/failures.ts";
import type { SessionEnd } from "../../src/session/end.ts";
import type { Session } from "../../src/session/session.ts";

export const NONCE = "00112233445566778899aabbccddeeff";
export const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;
export const READY = "\x1b]7733;ready\x07\n";
export const READY_NEW = "\x1b]7733;ready1 no boto3\x07\n";

/** A session whose other end is a test. */
export class FakeSession implements Session {
  readonly sessionId: string;
  readonly output = new ByteQueue(() => undefined);
  readonly ended: Promise<SessionEnd>;
  /** What was typed, in order. */
  readonly typed: string[] = [];
  isEnded = false;
  /** The agent neither gets nor acknowledges what is typed. */
  isDeaf = false;
  heard = false;
  isSetUp = false;
  cuts = 0;
  received = 0;
  #settle: (end: SessionEnd) => void = () => undefined;
  readonly #onTyped: (session: FakeSession, text: string) => void;

  constructor(sessionId: string, onTyped: (session: FakeSession, text: string) => void = () => undefined) {
    this.sessionId = sessionId;
    this.#onTyped = onTyped;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  says(...texts: readonly string[]): this {
    this.heard ||= texts.length > 0;
    for (const text of texts) {
      this.received += text.length;
      this.output.push(Buffer.from(text, "latin1"));
    }
    return this;
  }

  end(end: SessionEnd): this {
    if (this.isEnded) return this;
    this.isEnded = true;
    this.output.end();
    this.#settle(end);
    return this;
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.isEnded) return Promise.reject(sessionLost(this.sessionId, "It ended before."));
    const text = Buffer.from(bytes).toString();
    this.typed.push(text.trim());
    if (this.isDeaf)
      return this.ended.then(() => Promise.reject(sessionLost(this.sessionId, "It ended before.")));
    this.#onTyped(this, text.trim());
    return Promise.resolve();
  }

  resize(): void {
    // The size of this terminal means nothing.
  }

  close(): Promise<void> {
    this.end({ kind: "closed-here" });
    return Promise.resolve();
  }
}
