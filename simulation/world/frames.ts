import {
  type AgentMessage,
  encode,
  Flags,
  MessageType,
  PayloadType,
} from "../../src/session/wire/message.ts";
import { type Random, randomId } from "../random.ts";

/** The frames that agent and gateway make (session-manager-plugin and amazon-ssm-agent have the same format). */
export class Frames {
  readonly #random: Random;
  readonly #now: () => number;

  constructor(random: Random, now: () => number) {
    this.#random = random;
    this.#now = now;
  }

  output(sequenceNumber: number, payload: Uint8Array): Uint8Array {
    return this.#frame({
      messageType: MessageType.output,
      sequenceNumber,
      flags: sequenceNumber === 0 ? Flags.syn : 0,
      payloadType: PayloadType.output,
      payload,
    });
  }

  /** The acknowledgement of a message. */
  ack({ messageType, messageId, sequenceNumber }: AgentMessage): Uint8Array {
    const body = {
      AcknowledgedMessageType: messageType,
      AcknowledgedMessageId: messageId,
      AcknowledgedMessageSequenceNumber: sequenceNumber,
      IsSequentialMessage: true,
    };
    return this.#frame({
      messageType: MessageType.acknowledge,
      sequenceNumber: 0,
      flags: Flags.syn | Flags.fin,
      payloadType: 0,
      payload: Buffer.from(JSON.stringify(body)),
    });
  }

  /** The gateway's last frame, which has the short header. */
  closed(sessionId: string, output: string): Uint8Array {
    const id = randomId(this.#random);
    const body = {
      MessageId: id,
      CreatedDate: new Date(this.#now()).toISOString(),
      DestinationId: id,
      SessionId: sessionId,
      MessageType: MessageType.channelClosed,
      SchemaVersion: 1,
      Output: output,
    };
    return this.#frame({
      messageType: MessageType.channelClosed,
      sequenceNumber: 0,
      flags: 0,
      payloadType: undefined,
      payload: Buffer.from(JSON.stringify(body)),
    });
  }

  #frame(
    message: Pick<AgentMessage, "messageType" | "sequenceNumber" | "flags" | "payloadType" | "payload">,
  ): Uint8Array {
    return encode({
      ...message,
      schemaVersion: 1,
      createdDate: this.#now(),
      messageId: randomId(this.#random),
    });
  }
}

/** The number of the message that an acknowledgement names. */
export function acknowledgedNumber({ payload }: AgentMessage): number {
  const { buffer, byteOffset, byteLength } = payload;
  const body = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as Record<string, unknown>;
  return Number(body["AcknowledgedMessageSequenceNumber"]);
}
