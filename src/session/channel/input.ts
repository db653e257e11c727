import { PayloadType } from "../wire/message.ts";

/** As much as session-manager-plugin reads from stdin for one frame. */
const INPUT_BYTES_PER_FRAME = 1024;

/** A message of ours that is not sent before the session is set up. */
export interface InputMessage {
  readonly payloadType: number;
  readonly payload: Uint8Array;
  /** The bytes of input up to the end of this message. */
  readonly position: number;
}

/** The input of a session and the sizes of its terminal, in their order: what waits, and which position each acknowledgement stands for. */
export class Input {
  readonly #waiting: InputMessage[] = [];
  /** Those that were sent and not acknowledged, oldest first. */
  readonly #sent: { readonly sequenceNumber: number; readonly position: number }[] = [];
  #position = 0;

  /** Returns the position after these bytes, which are copied: the caller may reuse its buffer while they wait. */
  add(bytes: Uint8Array): number {
    for (let start = 0; start < bytes.length; start += INPUT_BYTES_PER_FRAME) {
      const payload = new Uint8Array(bytes.subarray(start, start + INPUT_BYTES_PER_FRAME));
      this.#position += payload.length;
      this.#waiting.push({ payloadType: PayloadType.output, payload, position: this.#position });
    }
    return this.#position;
  }

  /** Returns the payload of this size. Throws `RangeError` for a size that the agent would never acknowledge. */
  addSize(cols: number, rows: number): Uint8Array {
    for (const value of [cols, rows]) {
      if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
        throw new RangeError(`${value} is no size`);
    }
    const payload = Buffer.from(JSON.stringify({ cols, rows }));
    this.#waiting.push({ payloadType: PayloadType.size, payload, position: this.#position });
    return payload;
  }

  /** The next message to send; undefined when none waits. */
  take(): InputMessage | undefined {
    return this.#waiting.shift();
  }

  /** This message has this sequence number. */
  sent({ position }: InputMessage, sequenceNumber: number): void {
    this.#sent.push({ sequenceNumber, position });
  }

  /** The position up to which the agent has all, now that it has each message below this sequence number. Undefined when that is no news. */
  acknowledged(below: number): number | undefined {
    let position: number | undefined;
    for (;;) {
      const oldest = this.#sent[0];
      if (!oldest || oldest.sequenceNumber >= below) return position;
      position = oldest.position;
      this.#sent.shift();
    }
  }
}
