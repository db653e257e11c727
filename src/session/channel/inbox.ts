import type { AgentMessage } from "../wire/message.ts";

/** Messages kept while an earlier one is missing, as many as session-manager-plugin keeps (`src/config/config.go`). */
const MAX_MESSAGES = 10_000;
/** A bound for a peer that sends large messages. Frames of the agent carry 1 kB. */
export const MOST_AHEAD_BYTES = 16 * 1024 * 1024;
/** The memory that a kept message takes besides its bytes. */
export const MESSAGE_COST = 1_024;

export interface InboxResult {
  /** False when the inbox is full. Without an acknowledgement the agent sends the message again. */
  readonly acknowledge: boolean;
  /** The messages that may be processed now, in order. */
  readonly ready: readonly AgentMessage[];
}

/** The agent's half of the stream: puts messages in order and returns each one once. */
export class Inbox {
  readonly #most: number;
  readonly #ahead = new Map<number, AgentMessage>();
  #aheadBytes = 0;
  #expected = 0;

  /**
   * `most`: how many bytes of memory messages take while an earlier one is missing. A message takes `MESSAGE_COST` besides its payload. The agent
   * sends again what is not kept.
   */
  constructor(most = MOST_AHEAD_BYTES) {
    this.#most = most;
  }

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
    // A duplicate means that our acknowledgement was lost. The agent repeats only its oldest unacknowledged message, so without
    // a new acknowledgement it would never repeat a later message that was lost.
    if (sequence < this.#expected || this.#ahead.has(sequence)) return { acknowledge: true, ready: [] };
    if (sequence > this.#expected) return { acknowledge: this.#keep(message), ready: [] };

    const ready = [message];
    for (let next = this.#take(sequence + 1); next; next = this.#take(next.sequenceNumber + 1))
      ready.push(next);
    this.#expected = sequence + ready.length;
    return { acknowledge: true, ready };
  }

  #keep(message: AgentMessage): boolean {
    const size = costOf(message);
    if (this.#ahead.size >= MAX_MESSAGES || this.#aheadBytes + size > this.#most) return false;
    // A copy, because a view would keep the socket's whole buffer alive.
    this.#ahead.set(message.sequenceNumber, { ...message, payload: new Uint8Array(message.payload) });
    this.#aheadBytes += size;
    return true;
  }

  #take(sequence: number): AgentMessage | undefined {
    const message = this.#ahead.get(sequence);
    if (message && this.#ahead.delete(sequence)) this.#aheadBytes -= costOf(message);
    return message;
  }
}

function costOf({ payload }: AgentMessage): number {
  return payload.length + MESSAGE_COST;
}
