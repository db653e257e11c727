import { randomUUID } from "node:crypto";
import {
  type AgentMessage,
  decode,
  encode,
  Flags,
  MessageType,
  PayloadType,
} from "../../src/session/wire/message.ts";
import type { AgentCipher } from "./cipher.ts";

/** Constants of amazon-ssm-agent, `agent/session/config/config.go`; times in milliseconds. */
const RESEND_INTERVAL = 100;
const FIRST_TIMEOUT = 200;
const FIRST_ROUND_TRIP = 100;
const ROUND_TRIP_WEIGHT = 1 / 8;
const VARIATION_WEIGHT = 1 / 4;
const CLOCK_GRANULARITY = 10;
const LONGEST_TIMEOUT = 1000;
const OUTGOING_CAPACITY = 100_000;
const INCOMING_CAPACITY = 100_000;
const DRAIN_LIMIT = 2000;
const DRAIN_POLL = 10;
const ACKNOWLEDGED_POLL = 1;

/**
 * How an input message was taken. The agent does not acknowledge a message that is "not-ready", so the client sends it
 * again.
 */
export type InputResult = "done" | "not-ready";

export interface PeerOptions {
  readonly sessionId: string;
  send(frame: Uint8Array): void;
  /** Takes input for the command, one message at a time. The message of a rejected call stays unacknowledged. */
  input(payloadType: number, payload: Uint8Array): Promise<InputResult>;
  /** Takes the client's answers to the handshake. The message of a rejected call stays unacknowledged. */
  handshake?(payloadType: number, payload: Uint8Array): Promise<void>;
  /** Called when the gateway pauses the output (no client takes it), and when the output may go on. */
  paused(paused: boolean): void;
  /** Called when the gateway ends the session. */
  closed(): void;
  log(line: string): void;
}

interface OutgoingMessage {
  readonly frame: Uint8Array;
  lastSent: number;
}

/**
 * The exec agent's end of a data channel, with the sequence numbers, acknowledgements and retransmission of
 * amazon-ssm-agent, `agent/session/datachannel/datachannel.go`.
 */
export class Peer {
  readonly #options: PeerOptions;
  readonly #outgoing = new Map<number, OutgoingMessage>();
  readonly #incoming = new Map<number, AgentMessage>();
  readonly #received: Uint8Array[] = [];
  readonly #resender: NodeJS.Timeout;
  #receiving = false;
  #handshake: "to-come" | "over" = "to-come";
  #cipher: AgentCipher | undefined;
  #expected = 0;
  #next = 0;
  #pause = false;
  #open = true;
  #roundTrip = FIRST_ROUND_TRIP;
  #variation = 0;
  #timeout = FIRST_TIMEOUT;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#resender = setInterval(() => this.#resend(), RESEND_INTERVAL);
  }

  /** Called when the handshake is complete or there is none. Until then, input is acknowledged and dropped. */
  endHandshake(): void {
    this.#handshake = "over";
  }

  /** From now on output is encrypted, and input decrypted. */
  encrypt(cipher: AgentCipher): void {
    this.#cipher = cipher;
  }

  sendOutput(output: Uint8Array): void {
    if (output.length > 0) this.send(PayloadType.output, this.#cipher?.seal(output) ?? output);
  }

  /** Sends a message. When `OUTGOING_CAPACITY` messages are unacknowledged, it is sent once and not kept. */
  send(payloadType: number, payload: Uint8Array): void {
    const sequenceNumber = this.#next;
    this.#next += 1;
    const frame = encode({
      ...this.#header(MessageType.output),
      sequenceNumber,
      flags: sequenceNumber === 0 ? Flags.syn : 0,
      payloadType,
      payload,
    });
    if (this.#outgoing.size < OUTGOING_CAPACITY)
      this.#outgoing.set(sequenceNumber, { frame, lastSent: Date.now() });
    if (!this.#pause) this.#send(frame);
  }

  sendState(state: "Connected" | "Terminating"): void {
    const { sessionId } = this.#options;
    this.#sendJson(MessageType.agentSessionState, {
      SchemaVersion: 1,
      SessionState: state,
      SessionId: sessionId,
    });
  }

  /** Takes a frame from the gateway. Frames are handled one at a time, in their order. */
  receive(frame: Uint8Array): void {
    this.#received.push(frame);
    if (!this.#receiving) void this.#handleReceived();
  }

  /** Resolves when at most this many messages are unacknowledged, or when `over` aborts. */
  async acknowledged(atMost: number, over: AbortSignal): Promise<void> {
    while (!over.aborted && this.#outgoing.size > atMost)
      await new Promise((resolve) => setTimeout(resolve, ACKNOWLEDGED_POLL));
  }

  /** Resolves when all output is acknowledged, or after 2 seconds. */
  async drained(): Promise<void> {
    const deadline = Date.now() + DRAIN_LIMIT;
    while (this.#open && this.#outgoing.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL));
    }
  }

  close(): void {
    this.#open = false;
    clearInterval(this.#resender);
  }

  async #handleReceived(): Promise<void> {
    this.#receiving = true;
    for (
      let frame = this.#received.shift();
      frame !== undefined && this.#open;
      frame = this.#received.shift()
    ) {
      try {
        await this.#handle(decode(withoutDigest(frame)));
      } catch (error) {
        this.#options.log(`agent: invalid message: ${String(error)}`);
      }
    }
    this.#receiving = false;
  }

  async #handle(message: AgentMessage): Promise<void> {
    switch (message.messageType) {
      case MessageType.input:
        this.#setPause(false);
        return this.#handleInput(message);
      case MessageType.acknowledge:
        this.#setPause(false);
        this.#handleAcknowledgement(message);
        return;
      case MessageType.pausePublication:
        this.#setPause(true);
        return;
      case MessageType.startPublication:
        this.#setPause(false);
        return;
      case MessageType.channelClosed:
        this.#options.closed();
        return;
      default:
        this.#options.log(`agent: unknown message type '${message.messageType}'`);
    }
  }

  async #handleInput(message: AgentMessage): Promise<void> {
    if (message.sequenceNumber > this.#expected) {
      if (this.#incoming.size >= INCOMING_CAPACITY) return;
      this.#acknowledge(message);
      // The payload is copied, since the frame's owner may reuse its buffer.
      this.#incoming.set(message.sequenceNumber, { ...message, payload: Buffer.from(message.payload) });
      return;
    }
    if (message.sequenceNumber < this.#expected) {
      this.#acknowledge(message);
      return;
    }
    if ((await this.#process(message)) === "not-ready") return;
    this.#acknowledge(message);
    this.#expected += 1;
    for (let next = this.#incoming.get(this.#expected); next; next = this.#incoming.get(this.#expected)) {
      if ((await this.#process(next)) === "not-ready") return;
      this.#incoming.delete(this.#expected);
      this.#expected += 1;
    }
  }

  async #process(message: AgentMessage): Promise<InputResult> {
    const { payloadType = 0, payload } = message;
    if (payloadType === PayloadType.handshakeResponse || payloadType === PayloadType.encChallengeResponse) {
      await this.#options.handshake?.(payloadType, payload);
      return "done";
    }
    const cipher = payloadType === PayloadType.output ? this.#cipher : undefined;
    const opened = cipher?.open(payload) ?? payload;
    return this.#handshake === "to-come" ? "done" : this.#options.input(payloadType, opened);
  }

  #acknowledge(message: AgentMessage): void {
    this.#sendJson(MessageType.acknowledge, {
      AcknowledgedMessageType: message.messageType,
      AcknowledgedMessageId: message.messageId,
      AcknowledgedMessageSequenceNumber: message.sequenceNumber,
      IsSequentialMessage: true,
    });
  }

  #handleAcknowledgement(message: AgentMessage): void {
    const content = JSON.parse(Buffer.from(message.payload).toString("utf8")) as Record<string, unknown>;
    const sequenceNumber = Number(content["AcknowledgedMessageSequenceNumber"] ?? 0);
    const outgoing = this.#outgoing.get(sequenceNumber);
    if (outgoing === undefined) return;
    const roundTrip = Date.now() - outgoing.lastSent;
    this.#variation += VARIATION_WEIGHT * (Math.abs(this.#roundTrip - roundTrip) - this.#variation);
    this.#roundTrip += ROUND_TRIP_WEIGHT * (roundTrip - this.#roundTrip);
    const timeout = this.#roundTrip + Math.max(CLOCK_GRANULARITY, 4 * this.#variation);
    this.#timeout = Math.min(timeout, LONGEST_TIMEOUT);
    this.#outgoing.delete(sequenceNumber);
  }

  /** Sends only the oldest unacknowledged message again: after a gap, ten messages a second at most. */
  #resend(): void {
    const head = this.#outgoing.values().next();
    if (this.#pause || head.done === true || Date.now() - head.value.lastSent <= this.#timeout) return;
    this.#send(head.value.frame);
    head.value.lastSent = Date.now();
  }

  #setPause(pause: boolean): void {
    if (pause === this.#pause) return;
    this.#pause = pause;
    this.#options.paused(pause);
  }

  #sendJson(messageType: string, content: object): void {
    const payload = Buffer.from(JSON.stringify(content));
    const flags = Flags.syn | Flags.fin;
    this.#send(encode({ ...this.#header(messageType), sequenceNumber: 0, flags, payloadType: 0, payload }));
  }

  #header(
    messageType: string,
  ): Pick<AgentMessage, "messageType" | "schemaVersion" | "createdDate" | "messageId"> {
    return { messageType, schemaVersion: 1, createdDate: Date.now(), messageId: randomUUID() };
  }

  #send(frame: Uint8Array): void {
    if (this.#open) this.#options.send(frame);
  }
}

/** The frame with a payload length of 0. `decode` then does not compare the digest, as AWS's agent never does. */
function withoutDigest(frame: Uint8Array): Uint8Array {
  const copy = Buffer.from(frame);
  const payloadLengthAt = copy.length < 4 ? copy.length : copy.readUInt32BE(0);
  if (payloadLengthAt + 4 <= copy.length) copy.writeUInt32BE(0, payloadLengthAt);
  return copy;
}
