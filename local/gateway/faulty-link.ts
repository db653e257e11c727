import { MessageType } from "../../src/session/wire/message.ts";
import { messageTypeOf } from "./frames.ts";
import type { Link } from "./link.ts";
import type { DirectionFaults } from "./link-faults.ts";
import { type Amount, draw, type Random, hitEvery } from "./random.ts";

const PAYLOAD_LENGTH_BYTES = 4;

/** A link that loses, doubles, swaps, damages and delays frames, as its faults say. */
export class FaultyLink implements Link {
  readonly #deliver: (frame: Uint8Array) => void;
  readonly #random: Random;
  readonly #delay: Amount | undefined;
  readonly #loses: () => boolean;
  readonly #duplicates: () => boolean;
  readonly #swaps: () => boolean;
  readonly #corrupts: () => boolean;
  readonly #truncates: () => boolean;
  readonly #losesAcknowledgements: () => boolean;
  readonly #underWay: { readonly frame: Uint8Array; readonly due: number }[] = [];
  #held: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(faults: DirectionFaults, random: Random, deliver: (frame: Uint8Array) => void) {
    this.#deliver = deliver;
    this.#random = random;
    this.#delay = faults.delay;
    this.#loses = hitEvery(faults.lose, random);
    this.#duplicates = hitEvery(faults.duplicate, random);
    this.#swaps = hitEvery(faults.swap, random);
    this.#corrupts = hitEvery(faults.corrupt, random);
    this.#truncates = hitEvery(faults.truncate, random);
    this.#losesAcknowledgements = hitEvery(faults.loseAcknowledgements, random);
  }

  pass(frame: Uint8Array): void {
    const messageType = messageTypeOf(frame);
    if (messageType === MessageType.acknowledge) {
      if (!this.#losesAcknowledgements()) this.#send(frame);
    } else if (messageType === MessageType.input || messageType === MessageType.output) {
      this.#passStreamData(frame);
    } else {
      this.#release();
      this.#send(frame);
    }
  }

  /** Delivers at once all frames that are still under way. */
  close(): void {
    clearTimeout(this.#timer);
    this.#release();
    for (const { frame } of this.#underWay.splice(0)) this.#deliver(frame);
  }

  #passStreamData(frame: Uint8Array): void {
    // Every rate counts this frame, even when another fault hits it.
    const [lost, corrupt, truncated] = [this.#loses(), this.#corrupts(), this.#truncates()];
    const [twice, swapped] = [this.#duplicates(), this.#swaps()];
    if (lost) return;
    let sent = frame;
    if (corrupt) sent = this.#corrupted(sent);
    if (truncated) sent = sent.subarray(0, Math.floor(this.#random() * sent.length));
    if (swapped && this.#held === undefined) {
      this.#held = sent;
      return;
    }
    this.#send(sent);
    if (twice) this.#send(sent);
    this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#send(held);
  }

  #corrupted(frame: Uint8Array): Uint8Array {
    const copy = Buffer.from(frame);
    const start = copy.readUInt32BE(0) + PAYLOAD_LENGTH_BYTES;
    const at = start + Math.floor(this.#random() * (copy.length - start));
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << Math.floor(this.#random() * 8)), at);
    return copy;
  }

  #send(frame: Uint8Array): void {
    if (this.#delay === undefined) {
      this.#deliver(frame);
      return;
    }
    const last = this.#underWay.at(-1)?.due ?? 0;
    const due = Math.max(last, Date.now() + draw(this.#delay, this.#random));
    // Copied, since the socket may reuse its buffer once this returns.
    this.#underWay.push({ frame: Buffer.from(frame), due });
    if (this.#underWay.length === 1) this.#wait();
  }

  #wait(): void {
    const [next] = this.#underWay;
    if (next === undefined) return;
    this.#timer = setTimeout(
      () => {
        while (this.#underWay[0] !== undefined && this.#underWay[0].due <= Date.now()) {
          const arrived = this.#underWay.shift();
          if (arrived !== undefined) this.#deliver(arrived.frame);
        }
        this.#wait();
      },
      Math.max(0, next.due - Date.now()),
    ).unref();
  }
}
