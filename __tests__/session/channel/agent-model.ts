import type { KeyObject } from "node:crypto";
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { decode } from "../../../src/session/wire/message.ts";
import { ack, frame, fromAgent } from "./frames.ts";

const TICK_MS = 100;
const RTO_MS = 200;

/**
 * A model of AWS's agent, by what a client can observe. It counts from 0 and repeats only its oldest unacknowledged
 * message. It acknowledges what it has or buffers, and every duplicate. It takes input only when its pty is open, and
 * drops acknowledged input during a handshake. When paused, it is silent until it receives a message. It shares only
 * the codec with `src/`.
 */
export class AgentModel {
  /** What the command has read. */
  typed = "";
  /** Frames on their way to the client. */
  out: Uint8Array[] = [];
  /** The key to encrypt with, and the key to decrypt with. */
  readonly #keys: readonly [KeyObject, KeyObject] | undefined;
  readonly #ptyOpenAt: number;
  readonly #unacked: { sequence: number; bytes: Uint8Array; at: number }[] = [];
  readonly #early = new Map<number, { type: number; payload: Uint8Array }>();
  #next = 0;
  #expected = 0;
  #stage: "shell" | "requested" | "challenged" = "shell";
  #challenge = Buffer.alloc(0);
  #now = 0;
  #nextTick = 0;
  #sealed = 0;
  #paused = false;

  /** With a key the session begins with the KMS handshake. */
  constructor(options: { readonly key?: Buffer | undefined; readonly ptyOpenAt: number }) {
    this.#keys = options.key && [
      createSecretKey(options.key.subarray(0, 32)),
      createSecretKey(options.key.subarray(32)),
    ];
    this.#ptyOpenAt = options.ptyOpenAt;
    if (!options.key) return;
    this.#stage = "requested";
    const ActionParameters = { KMSKeyId: "key-1" };
    this.#post(5, { RequestedClientActions: [{ ActionType: "KMSEncryption", ActionParameters }] });
  }

  /** True when the command can print. */
  get ready(): boolean {
    return this.#takesInput && !this.#paused;
  }

  get #takesInput(): boolean {
    return this.#stage === "shell" && this.#now >= this.#ptyOpenAt;
  }

  /** When `tick` next has something to do; undefined when it has not. */
  get next(): number | undefined {
    return this.#unacked.length > 0 && !this.#paused ? this.#nextTick : undefined;
  }

  /** Bytes of input that it has or buffers. */
  get held(): number {
    let held = this.typed.length;
    for (const { type, payload } of this.#early.values())
      if (type === 1) held += this.#keys ? payload.length - 28 : payload.length;
    return held;
  }

  pause(): void {
    this.#paused = true;
  }

  start(): void {
    this.#paused = false;
  }

  get allAcknowledged(): boolean {
    return this.#unacked.length === 0;
  }

  print(text: string): void {
    this.#post(1, this.#keys ? this.#seal(Buffer.from(text)) : Buffer.from(text));
  }

  tick(now: number): void {
    this.#now = now;
    if (now < this.#nextTick) return;
    this.#nextTick = now + TICK_MS;
    const head = this.#unacked[0];
    if (!head || this.#paused || now - head.at < RTO_MS) return;
    head.at = now;
    this.out.push(head.bytes);
  }

  receive(bytes: Uint8Array): void {
    this.#paused = false;
    const { messageType, sequenceNumber, payloadType = -1, payload } = decode(bytes);
    if (messageType === "acknowledge") {
      const body = JSON.parse(Buffer.from(payload).toString()) as {
        AcknowledgedMessageSequenceNumber: number;
      };
      const index = this.#unacked.findIndex(
        ({ sequence }) => sequence === body.AcknowledgedMessageSequenceNumber,
      );
      if (index >= 0) this.#unacked.splice(index, 1);
      return;
    }
    if (messageType !== "input_stream_data") throw new Error(`the client sent ${messageType}`);
    if (sequenceNumber === this.#expected) {
      if (!this.#take(payloadType, payload)) return;
      this.out.push(ack(sequenceNumber));
      for (this.#expected++; ; this.#expected++) {
        const next = this.#early.get(this.#expected);
        if (!next || !this.#take(next.type, next.payload)) return;
        this.#early.delete(this.#expected);
      }
    }
    if (sequenceNumber > this.#expected) this.#early.set(sequenceNumber, { type: payloadType, payload });
    this.out.push(ack(sequenceNumber));
  }

  /** False: not consumed, not acknowledged. */
  #take(type: number, payload: Uint8Array): boolean {
    if (type === 6 && this.#stage === "requested") {
      this.#stage = "challenged";
      this.#challenge = randomBytes(64);
      this.#post(8, { Challenge: this.#seal(this.#challenge).toString("base64") });
    } else if (type === 9 && this.#stage === "challenged") {
      const { Challenge } = JSON.parse(Buffer.from(payload).toString()) as { Challenge: string };
      if (!this.#open(Buffer.from(Challenge, "base64")).equals(this.#challenge))
        throw new Error("wrong challenge");
      this.#stage = "shell";
      this.#post(7, { HandshakeTimeToComplete: 1, CustomerMessage: "encrypted" });
    } else if (this.#stage === "shell") {
      if (!this.#takesInput) return false;
      if (type === 1) this.typed += (this.#keys ? this.#open(payload) : Buffer.from(payload)).toString();
    }
    return true;
  }

  #post(type: number, body: Uint8Array | object): void {
    const sequence = this.#next++;
    const bytes =
      body instanceof Uint8Array
        ? frame({
            sequenceNumber: sequence,
            flags: sequence === 0 ? 1 : 0,
            messageId: randomUUID(),
            payload: body,
          })
        : fromAgent(sequence, type, body);
    this.#unacked.push({ sequence, bytes, at: this.#now });
    this.out.push(bytes);
  }

  #seal(plaintext: Buffer): Buffer {
    // As in AWS's agent: a little-endian counter.
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(this.#sealed++);
    const cipher = createCipheriv("aes-256-gcm", this.#keys?.[0] ?? "", nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", this.#keys?.[1] ?? "", sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  }
}
