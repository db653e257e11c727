import type { AgentMessage } from "./message.ts";

/** Messages kept ahead of a gap, as many as session-manager-plugin keeps (`src/config/config.go`). */
const MAX_MESSAGES = 10_000;
/** Frames of the agent carry 1 kB; this bounds a peer that sends larger ones. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface InboxResult {
  /** False when the inbox was full: not acknowledged, so the agent sends it again. */
  readonly acknowledge: boolean;
  /** What may be processed now, in order. */
  readonly ready: readonly AgentMessage[];
}

/** The agent's half of the stream: puts it in order and gives each message once. */
export class Inbox {
  readonly #ahead = new Map<number, AgentMessage>();
  #aheadBytes = 0;
  #expected = 0;

  /** The next sequence number in order. */
  get expected(): number {
    return this.#expected;
  }

  /** Messages that wait for one before them. */
  get waiting(): number {
    return this.#ahead.size;
  }

  receive(message: AgentMessage): InboxResult {
    const sequence = message.sequenceNumber;
    // A duplicate means that our ack was lost. The agent repeats only its oldest message, so without a new ack
    // it would repeat this one for ever, and nothing after it.
    if (sequence < this.#expected || this.#ahead.has(sequence)) return { acknowledge: true, ready: [] };
    if (sequence > this.#expected) return { acknowledge: this.#keep(message), ready: [] };

    const ready = [message];
    for (let next = this.#take(sequence + 1); next; next = this.#take(next.sequenceNumber + 1))
      ready.push(next);
    this.#expected = sequence + ready.length;
    return { acknowledge: true, ready };
  }

  #keep(message: AgentMessage): boolean {
    const size = message.payload.length;
    if (this.#ahead.size >= MAX_MESSAGES || this.#aheadBytes + size > MAX_BYTES) return false;
    // A copy: the payload is a view, and would keep all that the socket read at once.
    this.#ahead.set(message.sequenceNumber, { ...message, payload: new Uint8Array(message.payload) });
    this.#aheadBytes += size;
    return true;
  }

  #take(sequence: number): AgentMessage | undefined {
    const message = this.#ahead.get(sequence);
    if (message && this.#ahead.delete(sequence)) this.#aheadBytes -= message.payload.length;
    return message;
  }
}
