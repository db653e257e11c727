import { randomUUID } from "node:crypto";
import { encode, MessageType } from "./message.ts";

/** Constants of both AWS sides: session-manager-plugin `src/config/config.go`, amazon-ssm-agent likewise. */
const INITIAL_RTT_MS = 100;
const INITIAL_RTO_MS = 200;
const MAX_RTO_MS = 1_000;
const CLOCK_GRANULARITY_MS = 10;
const RTT_WEIGHT = 1 / 8;
const VARIATION_WEIGHT = 1 / 4;

/**
 * Unacknowledged messages at a time. Ours, not AWS's: whoever cannot take input (the agent stops reading its socket
 * while the command does not read) is not sent megabytes again and again.
 */
const WINDOW = 32;

interface Sent {
  readonly sequenceNumber: number;
  readonly frame: Uint8Array;
  /** On the present connection. */
  firstSentAt: number;
  lastSentAt: number;
  /** A message sent twice says nothing about the round trip: its ack may be for either. */
  sentOnce: boolean;
}

/** Our half of the stream: numbers what we send, and repeats it unchanged until the agent acknowledges it. */
export class Outbox {
  /** Ordered by sequence number, unacknowledged only. */
  readonly #unacked = new Map<number, Sent>();
  #next = 0;
  #rtt = INITIAL_RTT_MS;
  #variation = 0;
  #rto = INITIAL_RTO_MS;

  /** Milliseconds after which an unacknowledged message is sent again. */
  get rto(): number {
    return this.#rto;
  }

  get hasRoom(): boolean {
    return this.#unacked.size < WINDOW;
  }

  /** Every message below this sequence number is acknowledged. */
  get ackedBelow(): number {
    const [oldest] = this.#unacked.keys();
    return oldest ?? this.#next;
  }

  /** Takes the next sequence number, whether there is room or not. The frame is to be sent now. */
  post(payloadType: number, payload: Uint8Array, now: number): { sequenceNumber: number; frame: Uint8Array } {
    const sequenceNumber = this.#next++;
    const frame = encode({
      messageType: MessageType.input,
      schemaVersion: 1,
      createdDate: Math.floor(now),
      sequenceNumber,
      flags: 0,
      messageId: randomUUID(),
      payloadType,
      payload,
    });
    this.#unacked.set(sequenceNumber, {
      ...{ sequenceNumber, frame, sentOnce: true },
      ...{ firstSentAt: now, lastSentAt: now },
    });
    return { sequenceNumber, frame };
  }

  /** Acks are for single messages, in any order; one for a message that is not waiting changes nothing. */
  acknowledge(sequenceNumber: number, now: number): void {
    const sent = this.#unacked.get(sequenceNumber);
    if (!sent) return;
    this.#unacked.delete(sequenceNumber);
    if (sent.sentOnce) this.#measure(Math.max(0, now - sent.lastSentAt));
  }

  /** The frames to send again now, oldest first. */
  due(now: number): Uint8Array[] {
    const due = [...this.#unacked.values()].filter((sent) => now >= sent.lastSentAt + this.#rto);
    if (due.length === 0) return [];
    // Without backing off, a round trip longer than the RTO would never be measured.
    this.#rto = Math.min(MAX_RTO_MS, this.#rto * 2);
    return this.#resend(due, now);
  }

  /** Since when the oldest unacknowledged message waits on this connection. */
  get waitingSince(): number | undefined {
    const [oldest] = this.#unacked.values();
    return oldest?.firstSentAt;
  }

  /** Nothing was read for a while: the time until now does not count as waiting. */
  excuse(now: number): void {
    for (const sent of this.#unacked.values()) sent.firstSentAt = now;
  }

  /** After a new connection: nobody knows what arrived, so all unacknowledged frames go at once. */
  restart(now: number): Uint8Array[] {
    this.excuse(now);
    return this.#resend([...this.#unacked.values()], now);
  }

  /** When `due` next has something to give. */
  deadline(): number | undefined {
    let earliest: number | undefined;
    for (const sent of this.#unacked.values()) {
      if (earliest === undefined || sent.lastSentAt < earliest) earliest = sent.lastSentAt;
    }
    return earliest === undefined ? undefined : earliest + this.#rto;
  }

  #resend(messages: Sent[], now: number): Uint8Array[] {
    return messages.map((sent) => {
      sent.lastSentAt = now;
      sent.sentOnce = false;
      return sent.frame;
    });
  }

  #measure(sample: number): void {
    this.#variation += VARIATION_WEIGHT * (Math.abs(this.#rtt - sample) - this.#variation);
    this.#rtt += RTT_WEIGHT * (sample - this.#rtt);
    this.#rto = Math.min(MAX_RTO_MS, this.#rtt + Math.max(CLOCK_GRANULARITY_MS, 4 * this.#variation));
  }
}
