import type { Random } from "../../clock.ts";
import { encode, MessageType } from "../wire/message.ts";

/** Constants of session-manager-plugin, `src/config/config.go`. amazon-ssm-agent has the same values. */
const INITIAL_RTT_MS = 100;
const INITIAL_RTO_MS = 200;
const MAX_RTO_MS = 1_000;
const CLOCK_GRANULARITY_MS = 10;
const RTT_WEIGHT = 1 / 8;
const VARIATION_WEIGHT = 1 / 4;

/**
 * The most unacknowledged messages at a time. This limit is ours. While the command reads no input, the agent stops reading
 * its socket, and the limit bounds what is sent to it again.
 */
const WINDOW = 32;
/**
 * The window after a reconnect with unacknowledged messages. Each acknowledgement widens it by one, like TCP's slow start
 * (RFC 5681).
 */
const FIRST_WINDOW = 1;

interface OutgoingMessage {
  readonly sequenceNumber: number;
  readonly frame: Uint8Array;
  /** When it was sent on this connection; undefined while it waits for the window. */
  sentAt: { first: number; last: number } | undefined;
  /** A message sent twice says nothing about the round trip: its ack may be for either. */
  sentOnce: boolean;
}

type InFlightMessage = OutgoingMessage & { readonly sentAt: NonNullable<OutgoingMessage["sentAt"]> };

/** Our half of the stream: numbers what we send, and repeats it unchanged until the agent acknowledges it. */
export class Outbox {
  /** Ordered by sequence number, unacknowledged only. */
  readonly #unacked = new Map<number, OutgoingMessage>();
  readonly #random: Pick<Random, "uuid">;
  #next = 0;
  #rtt = INITIAL_RTT_MS;
  #variation = 0;
  #rto = INITIAL_RTO_MS;
  #window = WINDOW;

  constructor(random: Pick<Random, "uuid">) {
    this.#random = random;
  }

  /** Milliseconds after which an unacknowledged message is sent again. */
  get rto(): number {
    return this.#rto;
  }

  get isWindowOpen(): boolean {
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
      messageId: this.#random.uuid(),
      payloadType,
      payload,
    });
    const sentAt = { first: now, last: now };
    this.#unacked.set(sequenceNumber, { sequenceNumber, frame, sentAt, sentOnce: true });
    return { sequenceNumber, frame };
  }

  /** An ack is for one message, and acks come in any order. An ack for a message that is not waiting changes nothing. */
  acknowledge(sequenceNumber: number, now: number): void {
    const sent = this.#unacked.get(sequenceNumber);
    if (!sent) return;
    this.#unacked.delete(sequenceNumber);
    this.#widen();
    if (sent.sentOnce && sent.sentAt) this.#measure(Math.max(0, now - sent.sentAt.last));
  }

  /** The frames to send again now, oldest first. */
  takeDueFrames(now: number): Uint8Array[] {
    const due = this.#inFlight().filter(({ sentAt }) => now >= sentAt.last + this.#rto);
    if (due.length === 0) return [];
    // Double the RTO: a message that was sent twice is not measured, so with a fixed RTO a longer round trip is never
    // learnt.
    this.#rto = Math.min(MAX_RTO_MS, this.#rto * 2);
    // Agents of 2021 and earlier acknowledge no duplicate. Widen the window here, because no acknowledgement may come.
    this.#widen();
    return [...this.#resend(due, now), ...this.resume(now)];
  }

  /** The frames left over from the last connection that fit the window now, oldest first. */
  resume(now: number): Uint8Array[] {
    const free = Math.max(0, this.#window - this.#inFlight().length);
    const waiting = [...this.#unacked.values()].filter(({ sentAt }) => sentAt === undefined);
    return this.#resend(waiting.slice(0, free), now);
  }

  /** The time at which the oldest unacknowledged message was first sent on this connection. */
  get waitingSince(): number | undefined {
    return this.#inFlight()[0]?.sentAt.first;
  }

  /** Call this after a time in which nothing was read. Restarts the waiting time of every message. */
  excuse(now: number): void {
    for (const { sentAt } of this.#inFlight()) sentAt.first = now;
  }

  /**
   * Marks every unacknowledged message for sending again: the last connection may have lost it. `resume` sends them a few
   * at a time, because a connection that is cut after a few frames would otherwise carry the same few each time.
   */
  restart(): void {
    if (this.#unacked.size === 0) return;
    for (const sent of this.#unacked.values()) sent.sentAt = undefined;
    this.#window = FIRST_WINDOW;
  }

  /** The time at which `takeDueFrames` next returns a frame. */
  deadline(): number | undefined {
    const last = this.#inFlight().map(({ sentAt }) => sentAt.last);
    return last.length === 0 ? undefined : Math.min(...last) + this.#rto;
  }

  #inFlight(): InFlightMessage[] {
    return [...this.#unacked.values()].filter((sent): sent is InFlightMessage => sent.sentAt !== undefined);
  }

  #widen(): void {
    this.#window = Math.min(WINDOW, this.#window + 1);
  }

  #resend(messages: OutgoingMessage[], now: number): Uint8Array[] {
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
