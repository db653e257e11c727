import { randomUUID } from "node:crypto";
import { encode, MessageType, PayloadType } from "../../src/session/wire/message.ts";

/** A frame of the gateway itself: with the short header of 112 bytes, and a message type that is padded with NUL. */
function gatewayFrame(messageType: string, messageId: string, content: object): Uint8Array {
  return encode({
    messageType,
    messageId,
    schemaVersion: 1,
    createdDate: Date.now(),
    sequenceNumber: 0,
    flags: 0,
    payloadType: undefined,
    payload: Buffer.from(JSON.stringify(content)),
  });
}

/** The frame that ends a session. `output` is the text for the user; empty after a normal end. */
export function channelClosed(sessionId: string, destinationId: string, output: string): Uint8Array {
  const messageId = randomUUID();
  return gatewayFrame(MessageType.channelClosed, messageId, {
    MessageId: messageId,
    CreatedDate: new Date().toISOString(),
    DestinationId: destinationId,
    SessionId: sessionId,
    MessageType: MessageType.channelClosed,
    SchemaVersion: 1,
    Output: output,
  });
}

/** `start_publication` or `pause_publication`. A frame must have a payload; the agent ignores this one. */
export function publication(kind: "start" | "pause"): Uint8Array {
  const messageType = kind === "start" ? MessageType.startPublication : MessageType.pausePublication;
  return gatewayFrame(messageType, randomUUID(), {});
}

/** The message type of any frame with a complete header. */
export function messageTypeOf(frame: Uint8Array): string {
  return Buffer.from(frame.subarray(4, 36)).toString("latin1").replaceAll("\0", " ").trim();
}

/** Whether a client's frame is input for the command's terminal. */
export function isTyped(frame: Buffer): boolean {
  return messageTypeOf(frame) === MessageType.input && frame.readUInt32BE(112) === PayloadType.output;
}

/** Checks a client's opening frame. Returns its token, or what is wrong with the frame. */
export function readOpening(text: string): { token: string } | { wrong: string } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { wrong: "the opening frame is not JSON" };
  }
  if (typeof content !== "object" || content === null)
    return { wrong: "the opening frame is not a JSON object" };
  const fields = content as Record<string, unknown>;
  if (fields["MessageSchemaVersion"] !== "1.0") return { wrong: "MessageSchemaVersion must be 1.0" };
  for (const name of ["RequestId", "ClientId"]) {
    const value = fields[name];
    if (typeof value !== "string" || !UUID.test(value)) return { wrong: `${name} must be a UUID` };
  }
  const token = fields["TokenValue"];
  if (typeof token !== "string" || token === "") return { wrong: "TokenValue must be a string" };
  return { token };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
