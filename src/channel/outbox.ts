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
 * Unacknowledged messages at a time. Ours, not AWS's: the agent stops reading its socket while the command does not
 * read, and is then not sent megabytes again and again.
 */
const WINDOW = 32;
/** Where something is to be sent again over a new connection, as TCP's slow start (RFC 5681): grows by one with each acknowledgement. */
const FIRST_WINDOW = 1;

interface Sent {
  readonly sequenceNumber: number;
  readonly frame: Uint8Array;
  /** On the present connection; undefined as long as it waits for the window there. */
  sentAt: { first: number; last: number } | undefined;
  /** A message sent twice says nothing about the round trip: its ack may be for either. */
  sentOnce: boolean;
}

type InFlight = Sent & { readonly sentAt: NonNullable<Sent["sentAt"]> };

/** Our half of the stream: numbers what we send, and repeats it unchanged until the agent acknowledges it. */
export class Outbox {
  /** Ordered by sequence number, unacknowledged only. */
  readonly #unacked = new Map<number, Sent>();
  #next = 0;
  #rtt = INITIAL_RTT_MS;
  #variation = 0;
  #rto = INITIAL_RTO_MS;
  #window = WINDOW;

  /** Milliseconds after which an unacknowledged message is sent again. */
  get rto(): number {
    return this.#rto;
  }

  get hasRoom(): boolean {
    return this.#unacked.size < this.#window;
  }

  /** Every message below this sequence number is acknowledged. */
  get ackedBelow(): number {
    const [oldest] = this.#unacked.keys();
    return oldest ?? this.#next;
  }

  /** Takes the next sequence number, whether the window has space or not. The frame is to be sent now. */
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
    const sentAt = { first: now, last: now };
    this.#unacked.set(sequenceNumber, { sequenceNumber, frame, sentAt, sentOnce: true });
    return { sequenceNumber, frame };
  }

  /** Acks are for single messages, in any order; one for a message that is not waiting changes nothing. */
  acknowledge(sequenceNumber: number, now: number): void {
    const sent = this.#unacked.get(sequenceNumber);
    if (!sent) return;
    this.#unacked.delete(sequenceNumber);
    this.#widen();
    if (sent.sentOnce && sent.sentAt) this.#measure(Math.max(0, now - sent.sentAt.last));
  }

  /** The frames to send again now, oldest first. */
  due(now: number): Uint8Array[] {
    const due = this.#inFlight().filter(({ sentAt }) => now >= sentAt.last + this.#rto);
    if (due.length === 0) return [];
    // Without backing off, a round trip longer than the RTO would never be measured.
    this.#rto = Math.min(MAX_RTO_MS, this.#rto * 2);
    // Agents of 2021 and earlier never acknowledge a message that they have already.
    this.#widen();
    return [...this.#resend(due, now), ...this.resume(now)];
  }

  /** Of what waits since the last connection, the frames for which the window has space now, oldest first. */
  resume(now: number): Uint8Array[] {
    const room = Math.max(0, this.#window - this.#inFlight().length);
    const waiting = [...this.#unacked.values()].filter(({ sentAt }) => sentAt === undefined);
    return this.#resend(waiting.slice(0, room), now);
  }

  /** Since when the oldest unacknowledged message waits on this connection. */
  get waitingSince(): number | undefined {
    return this.#inFlight()[0]?.sentAt.first;
  }

  /** Nothing was read for a while: the time until now does not count as waiting. */
  excuse(now: number): void {
    for (const { sentAt } of this.#inFlight()) sentAt.first = now;
  }

  /**
   * A new connection: it isn't known what arrived over the last one, so all that is unacknowledged has to be sent again,
   * by `resume`. Not at once: a connection that is cut after a few frames would carry the same few each time.
   */
  restart(): void {
    if (this.#unacked.size === 0) return;
    for (const sent of this.#unacked.values()) sent.sentAt = undefined;
    this.#window = FIRST_WINDOW;
  }

  /** When `due` next has something to give. */
  deadline(): number | undefined {
    const last = this.#inFlight().map(({ sentAt }) => sentAt.last);
    return last.length === 0 ? undefined : Math.min(...last) + this.#rto;
  }

  #inFlight(): InFlight[] {
    return [...this.#unacked.values()].filter((sent): sent is InFlight => sent.sentAt !== undefined);
  }

  #widen(): void {
    this.#window = Math.min(WINDOW, this.#window + 1);
  }

  #resend(messages: Sent[], now: number): Uint8Array[] {
    return messages.map((sent) => {
      sent.sentAt = { first: sent.sentAt?.first ?? now, last: now };
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
