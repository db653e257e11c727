import type { Random } from "../../clock.ts";
import { acknowledgedInput, encodeAck } from "./acknowledgement.ts";
import { Handshake, HandshakeError, openDataChannel, type SessionIdentity } from "./handshake.ts";
import { Inbox } from "./inbox.ts";
import { Input } from "./input.ts";
import { parseObject } from "./json.ts";
import type { AgentMessage } from "../wire/message.ts";
import { decode, MalformedFrame, MessageType, PayloadType, reasonOf } from "../wire/message.ts";
import { Outbox } from "./outbox.ts";
import type { ChannelEvent, DataKey, Frame } from "./types.ts";

/**
 * The longest time without an acknowledgement. The agent acknowledges what it has processed, which a command that reads no input delays
 * (`processStreamDataMessage` in amazon-ssm-agent's agent/session/datachannel/datachannel.go).
 */
const UNACKNOWLEDGED_MS = 15_000;
/** A longer time between two ticks means that this process slept, and could not read acknowledgements. */
const SUSPENDED_MS = 5_000;

/**
 * The client's end of a Session Manager data channel, as ECS Exec uses it. It does no I/O: frames, intents and the
 * time go in; frames, events and the next deadline come out. Take these three after every call. Times are milliseconds since the epoch.
 *
 * A channel outlives its connections: call `open` for each new one. The channel then sends again what the agent has
 * not acknowledged, and recognises what the agent sends again.
 */
export class Channel {
  readonly #random: Random;
  readonly #clientId: string;
  readonly #handshake: Handshake;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  /** Waits for the end of the handshake or for the window. */
  readonly #input = new Input();
  #size: Uint8Array | undefined;
  /** The message whose acknowledgement proves that the present connection leads to the agent. */
  #probe: number | undefined;
  #stalled = false;
  #ticked = 0;
  #over = false;
  #frames: Frame[] = [];
  #events: ChannelEvent[] = [];

  /** The session's id and target go into the KMS encryption context. `random` draws the ids of messages, and the nonces of an encrypted session. `mostAheadBytes` bounds the inbox. */
  constructor(identity: SessionIdentity, random: Random, mostAheadBytes?: number) {
    this.#inbox = new Inbox(mostAheadBytes);
    this.#random = random;
    this.#clientId = random.uuid();
    this.#outbox = new Outbox(random);
    this.#handshake = new Handshake(identity, random);
  }

  /**
   * Starts on a new connection: queues its opening frame. When the agent has opened the session, queues the
   * terminal's size again. The same size changes nothing in the container. Its acknowledgement, a `reached` event,
   * proves that the connection leads to the agent. Queues the other unacknowledged messages after that. Returns true
   * when a `reached` event is to come.
   */
  open(now: number, token: string): boolean {
    if (this.#over) return false;
    // Drops frames for the last connection. No acknowledgement is missed: the agent repeats a message that has none. The outbox sends its
    // own messages again.
    this.#frames = [openDataChannel(this.#clientId, token, this.#random)];
    this.#outbox.restart();
    this.#stalled = false;
    const size = this.#handshake.isReady ? this.#size : undefined;
    this.#probe = size && this.#post(PayloadType.size, size, now);
    this.#frames.push(...this.#outbox.resume(now));
    return size !== undefined;
  }

  /** Never throws: a malformed frame becomes an event. */
  receive(frame: Frame, now: number): void {
    if (this.#over) return;
    try {
      if (typeof frame === "string") this.#emit({ kind: "note", text: "A text frame was ignored." });
      else this.#dispatch(decode(frame), now);
    } catch (error) {
      if (error instanceof MalformedFrame) this.#emit({ kind: "problem", why: `A frame ${error.message}.` });
      else if (error instanceof HandshakeError) this.#fail(error.message, error);
      else this.#fail(`a frame could not be processed (${String(error)})`, error);
    }
  }

  /**
   * Queues input for the command. It is sent after the first output or the end of the handshake, because the agent
   * acknowledges and drops earlier input (`processStreamDataMessage`). Returns the position after these bytes; an `acked`
   * event with that position shows that the agent has them. Unless the command has changed its terminal, the terminal is in canonical mode and drops what is
   * beyond 4,095 bytes of a line.
   */
  send(bytes: Uint8Array, now: number): number {
    const position = this.#input.add(bytes);
    this.#sendPending(now);
    return position;
  }

  /**
   * Queues the terminal's size, in order with the input. Throws `RangeError` for a size that the agent would never
   * acknowledge.
   */
  resize(cols: number, rows: number, now: number): void {
    this.#size = this.#input.addSize(cols, rows);
    this.#sendPending(now);
  }

  /**
   * Answers `data-key-wanted`. A key of the wrong length, or another key than the agent asked for, makes the channel fail.
   */
  provideDataKey(key: DataKey, now: number): void {
    this.#answerKey(() => this.#handshake.provide(key), now);
  }

  /** Answers `data-key-wanted` when there is no key: the agent then closes the channel. */
  refuseDataKey(why: string, now: number): void {
    this.#answerKey(() => this.#handshake.refuse(why), now);
  }

  /** Call this at `deadline`. An earlier or later call does no harm. */
  tick(now: number): void {
    if (this.#over) return;
    this.#frames.push(...this.#outbox.takeDueFrames(now));
    const { waitingSince } = this.#outbox;
    const lastTick = this.#ticked;
    this.#ticked = now;
    // Until the session is set up the agent may wait for KMS, and other limits apply.
    if (this.#stalled || !this.#handshake.isReady || waitingSince === undefined) return;
    // While nothing waits there are no ticks, so a wait that has begun since the last one counts from its begin.
    if (now - Math.max(waitingSince, lastTick) > SUSPENDED_MS) this.excuse(now);
    else if (now - waitingSince >= UNACKNOWLEDGED_MS) this.#stall(now - waitingSince);
  }

  #stall(ms: number): void {
    this.#stalled = true;
    this.#emit({ kind: "stalled", ms });
  }

  /**
   * Call this after a time in which nothing was read, so that no acknowledgement could come. Restarts the waiting
   * time.
   */
  excuse(now: number): void {
    this.#stalled = false;
    this.#outbox.excuse(now);
  }

  /** True while the agent has our answer to its handshake and has not finished that. */
  get isHandshakeAnswered(): boolean {
    return this.#handshake.isAnswered;
  }

  deadline(): number | undefined {
    return this.#over ? undefined : this.#outbox.deadline();
  }

  takeFrames(): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  takeEvents(): ChannelEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #dispatch(message: AgentMessage, now: number): void {
    switch (message.messageType) {
      case MessageType.output:
        this.#receiveStream(message, now);
        return;
      case MessageType.acknowledge:
        this.#receiveAck(message, now);
        return;
      case MessageType.channelClosed:
        this.#close(message);
        return;
      case MessageType.pausePublication:
        this.#emit({ kind: "paused" });
        return;
      case MessageType.startPublication:
        this.#emit({ kind: "resumed" });
        return;
      default:
        this.#emit({ kind: "note", text: `A message of type '${message.messageType}' was ignored.` });
    }
  }

  #receiveStream(message: AgentMessage, now: number): void {
    const { acknowledge, ready } = this.#inbox.receive(message);
    if (acknowledge) this.#frames.push(encodeAck(message, now, this.#random));
    for (const next of ready) this.#process(next, now);
    this.#sendPending(now);
  }

  #process(message: AgentMessage, now: number): void {
    const { payload, payloadType } = message;
    switch (payloadType) {
      case PayloadType.output:
        this.#emit({ kind: "output", bytes: this.#handshake.decryptOutput(payload) });
        return;
      case PayloadType.handshakeRequest: {
        const answer = this.#handshake.request(payload);
        if ("wanted" in answer) this.#emit({ kind: "data-key-wanted", ...answer.wanted });
        else this.#post(PayloadType.handshakeResponse, answer.response, now);
        return;
      }
      case PayloadType.encChallengeRequest:
        this.#post(PayloadType.encChallengeResponse, this.#handshake.challenge(payload), now);
        return;
      case PayloadType.handshakeComplete:
        this.#emit({ kind: "handshake-complete", customerMessage: this.#handshake.complete(payload) });
        return;
      default:
        this.#emit({ kind: "note", text: `Payload type ${String(payloadType)} was ignored.` });
    }
  }

  #receiveAck(message: AgentMessage, now: number): void {
    const sequenceNumber = acknowledgedInput(message);
    if (sequenceNumber === undefined) {
      this.#emit({ kind: "problem", why: "An acknowledgement names no message of ours." });
      return;
    }
    this.#outbox.acknowledge(sequenceNumber, now);
    if (sequenceNumber === this.#probe) {
      this.#probe = undefined;
      this.#emit({ kind: "reached" });
    }
    const position = this.#input.acknowledged(this.#outbox.ackedBelow);
    if (position !== undefined) this.#emit({ kind: "acked", position });
    this.#frames.push(...this.#outbox.resume(now));
    this.#sendPending(now);
  }

  #close(message: AgentMessage): void {
    const body = parseObject(message.payload);
    if (!body) this.#emit({ kind: "problem", why: "The reason in channel_closed could not be read." });
    if (this.#inbox.waiting > 0) {
      const { expected, waiting } = this.#inbox;
      const why = `Output was lost: message #${expected} had not come when the channel closed; later messages that had come: ${waiting}.`;
      this.#emit({ kind: "problem", why });
    }
    const output = body?.["Output"];
    this.#emit({ kind: "closed", text: typeof output === "string" && output !== "" ? output : undefined });
    this.#over = true;
  }

  #answerKey(answer: () => Uint8Array, now: number): void {
    if (this.#over) return;
    try {
      this.#post(PayloadType.handshakeResponse, answer(), now);
    } catch (error) {
      this.#fail(reasonOf(error), error);
    }
  }

  #sendPending(now: number): void {
    while (this.#handshake.isReady && this.#outbox.isWindowOpen && !this.#over) {
      const next = this.#input.take();
      if (!next) return;
      // The bytes that are typed have the payload type of output, too. The agent decrypts no other payload (`processStreamDataMessage`).
      const isTyped = next.payloadType === PayloadType.output;
      const payload = isTyped ? this.#handshake.encryptInput(next.payload) : next.payload;
      this.#input.sent(next, this.#post(next.payloadType, payload, now));
    }
  }

  #post(payloadType: number, payload: Uint8Array, now: number): number {
    const { sequenceNumber, frame } = this.#outbox.post(payloadType, payload, now);
    this.#frames.push(frame);
    return sequenceNumber;
  }

  #fail(why: string, cause: unknown): void {
    this.#emit({ kind: "failed", why, cause });
    this.#over = true;
  }

  #emit(event: ChannelEvent): void {
    if (!this.#over) this.#events.push(event);
  }
}
