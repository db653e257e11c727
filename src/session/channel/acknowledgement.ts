import type { Random } from "../../clock.ts";
import { parseObject } from "./json.ts";
import type { AgentMessage } from "../wire/message.ts";
import { encode, Flags, MessageType } from "../wire/message.ts";

/** An ack is outside the sequence: it has number 0, both flags, and a message id of its own. */
export function encodeAck(message: AgentMessage, now: number, random: Pick<Random, "uuid">): Uint8Array {
  const body = {
    AcknowledgedMessageType: message.messageType,
    AcknowledgedMessageId: message.messageId,
    AcknowledgedMessageSequenceNumber: message.sequenceNumber,
    IsSequentialMessage: true,
  };
  return encode({
    messageType: MessageType.acknowledge,
    schemaVersion: 1,
    createdDate: Math.floor(now),
    sequenceNumber: 0,
    flags: Flags.syn | Flags.fin,
    messageId: random.uuid(),
    payloadType: 0,
    payload: Buffer.from(JSON.stringify(body)),
  });
}

/** Which of our messages an ack is for, or undefined when it names none. */
export function acknowledgedInput(ack: AgentMessage): number | undefined {
  const body = parseObject(ack.payload);
  const sequenceNumber = body?.["AcknowledgedMessageSequenceNumber"];
  if (body?.["AcknowledgedMessageType"] !== MessageType.input || typeof sequenceNumber !== "number")
    return undefined;
  return sequenceNumber;
}
