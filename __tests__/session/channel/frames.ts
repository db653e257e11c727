import { randomUUID } from "node:crypto";
import type { AgentMessage } from "../../../src/session/wire/message.ts";
import { decode, encode, MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import type { Frame } from "../../../src/session/channel/types.ts";

/** A frame as the other side sends it. A field that a test does not give has the value that an agent gives it. */
export function frame(fields: Partial<AgentMessage>): Uint8Array {
  return encode({
    messageType: MessageType.output,
    schemaVersion: 1,
    createdDate: 1_700_000_000_000,
    sequenceNumber: 0,
    flags: 0,
    messageId: randomUUID(),
    payloadType: PayloadType.output,
    payload: Buffer.from("x"),
    ...fields,
  });
}

export function output(sequenceNumber: number, text: string): Uint8Array {
  return frame({ sequenceNumber, payload: Buffer.from(text) });
}

export function fromAgent(sequenceNumber: number, payloadType: number, body: unknown): Uint8Array {
  return frame({ sequenceNumber, payloadType, payload: Buffer.from(JSON.stringify(body)) });
}

export function ack(sequenceNumber: number): Uint8Array {
  const body = {
    AcknowledgedMessageType: MessageType.input,
    AcknowledgedMessageId: randomUUID(),
    AcknowledgedMessageSequenceNumber: sequenceNumber,
    IsSequentialMessage: true,
  };
  const payload = Buffer.from(JSON.stringify(body));
  return frame({ messageType: MessageType.acknowledge, flags: 3, payloadType: 0, payload });
}

/** The frame as AWS's gateway sends it: with the short header. */
export function channelClosed(text: string): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify({ MessageType: "channel_closed", SchemaVersion: 1, Output: text }),
  );
  return frame({ messageType: MessageType.channelClosed, payloadType: undefined, payload });
}

/** The binary frames among what a channel wants sent. */
export function messages(frames: readonly Frame[]): AgentMessage[] {
  return frames.filter((each) => typeof each !== "string").map((each) => decode(each));
}

export function json(message: AgentMessage | undefined): unknown {
  return JSON.parse(text(message?.payload));
}

export function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
