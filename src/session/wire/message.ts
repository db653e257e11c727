import { hash } from "node:crypto";

/**
 * The binary message of a Session Manager data channel. All numbers are big-endian. Layout and values are those of
 * session-manager-plugin (`src/message/clientmessage.go`) and amazon-ssm-agent
 * (`agent/session/contracts/agentmessage.go`); the tests compare them with captured frames.
 */
export interface AgentMessage {
  readonly messageType: string;
  readonly schemaVersion: number;
  /** Milliseconds since the epoch. */
  readonly createdDate: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  /** Hyphenated UUID in its usual order. */
  readonly messageId: string;
  /**
   * Undefined: the short header of 112 bytes, which has no payload type and pads the message type with NUL, as
   * AWS's gateway sends `channel_closed`.
   */
  readonly payloadType: number | undefined;
  readonly payload: Uint8Array;
}

export const MessageType = {
  input: "input_stream_data",
  output: "output_stream_data",
  acknowledge: "acknowledge",
  channelClosed: "channel_closed",
  startPublication: "start_publication",
  pausePublication: "pause_publication",
  agentSessionState: "agent_session_state",
} as const;

export const PayloadType = {
  output: 1,
  error: 2,
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  encChallengeRequest: 8,
  encChallengeResponse: 9,
  flag: 10,
  stdErr: 11,
  exitCode: 12,
} as const;

/**
 * Message flags. Acknowledgements and session states carry both. Of the stream data only the first message carries SYN.
 */
export const Flags = { syn: 1, fin: 2 } as const;

/** HeaderLength is the offset of PayloadLength: it does not count PayloadLength itself. */
const LONG_HEADER = 116;
const SHORT_HEADER = 112;
const PAYLOAD_LENGTH_BYTES = 4;

const AT = {
  messageType: 4,
  schemaVersion: 36,
  createdDate: 40,
  sequenceNumber: 48,
  flags: 56,
  messageId: 64,
  payloadDigest: 80,
  payloadType: 112,
} as const;
const MESSAGE_TYPE_BYTES = 32;
const DIGEST_BYTES = 32;
const WORD = 2 ** 32;

/** The frame is not an AgentMessage; `message` finishes the sentence "The frame …". */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
}

/** Throws `RangeError` when a field does not fit the wire. */
export function encode(message: AgentMessage): Uint8Array {
  const short = message.payloadType === undefined;
  const headerLength = short ? SHORT_HEADER : LONG_HEADER;
  // Each byte is written below.
  const frame = Buffer.allocUnsafe(headerLength + PAYLOAD_LENGTH_BYTES + message.payload.length);
  frame.writeUInt32BE(headerLength, 0);
  if (!/^[\x21-\x7e]{1,32}$/.test(message.messageType)) {
    throw new RangeError(`message type '${message.messageType}' is not 1 to 32 printable ASCII characters`);
  }
  frame.fill(short ? 0x00 : 0x20, AT.messageType, AT.messageType + MESSAGE_TYPE_BYTES);
  frame.write(message.messageType, AT.messageType, "latin1");
  frame.writeUInt32BE(message.schemaVersion, AT.schemaVersion);
  writeSafeNumber(frame, message.createdDate, AT.createdDate);
  writeSafeNumber(frame, message.sequenceNumber, AT.sequenceNumber);
  writeSafeNumber(frame, message.flags, AT.flags);
  writeUuid(frame, message.messageId);
  frame.set(sha256(message.payload), AT.payloadDigest);
  if (message.payloadType !== undefined) frame.writeUInt32BE(message.payloadType, AT.payloadType);
  frame.writeUInt32BE(message.payload.length, headerLength);
  frame.set(message.payload, headerLength + PAYLOAD_LENGTH_BYTES);
  return frame;
}

/**
 * Decodes a frame. The payload is a view into `bytes`. Throws `MalformedFrame`.
 *
 * The digest decides whether the payload is whole; a PayloadLength of 0 means that there is no digest to check. Of start and pause
 * publication only the header's shape is checked.
 */
export function decode(bytes: Uint8Array): AgentMessage {
  const message = decodeUnchecked(bytes);
  const { messageType, payload } = message;
  if (messageType === MessageType.startPublication || messageType === MessageType.pausePublication)
    return message;
  if (messageType === "") throw new MalformedFrame("names no message type");
  if (message.createdDate === 0) throw new MalformedFrame(`(${messageType}) has no creation date`);
  const frame = viewOf(bytes);
  const digest = frame.subarray(AT.payloadDigest, AT.payloadDigest + DIGEST_BYTES);
  if (frame.readUInt32BE(frame.readUInt32BE(0)) !== 0 && !digest.equals(sha256(payload))) {
    throw new MalformedFrame(`(${messageType}) has a payload that its digest does not match`);
  }
  return message;
}

/**
 * The same without a look at what a message says, as amazon-ssm-agent reads. Throws `MalformedFrame` for what has no header.
 *
 * As in AWS's own readers the payload is everything after the header, whatever PayloadLength says.
 */
export function decodeUnchecked(bytes: Uint8Array): AgentMessage {
  const frame = viewOf(bytes);
  if (frame.length < SHORT_HEADER + PAYLOAD_LENGTH_BYTES) {
    throw new MalformedFrame(`has ${frame.length} bytes, too few for a header`);
  }
  const headerLength = frame.readUInt32BE(0);
  if (headerLength < SHORT_HEADER || headerLength + PAYLOAD_LENGTH_BYTES > frame.length) {
    throw new MalformedFrame(`has ${frame.length} bytes and claims a header of ${headerLength}`);
  }
  return {
    messageType: unpad(frame.toString("latin1", AT.messageType, AT.messageType + MESSAGE_TYPE_BYTES)),
    schemaVersion: frame.readUInt32BE(AT.schemaVersion),
    createdDate: readSafeNumber(frame, AT.createdDate, "creation date"),
    sequenceNumber: readSafeNumber(frame, AT.sequenceNumber, "sequence number"),
    flags: readSafeNumber(frame, AT.flags, "flags"),
    messageId: readUuid(frame),
    payloadType: headerLength < LONG_HEADER ? undefined : frame.readUInt32BE(AT.payloadType),
    payload: frame.subarray(headerLength + PAYLOAD_LENGTH_BYTES),
  };
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const PAYLOAD_NAMES = new Map<number, string>(
  Object.entries(PayloadType).map(([name, type]) => [type, name]),
);

/** One short line for a debug log, without any payload text. */
export function describe(message: AgentMessage): string {
  const { messageType, payload } = message;
  if (messageType === MessageType.input || messageType === MessageType.output) {
    const type = message.payloadType ?? 0;
    const name = PAYLOAD_NAMES.get(type) ?? `payload type ${type}`;
    return `${messageType} #${message.sequenceNumber} ${name} ${payload.length} B`;
  }
  if (messageType === MessageType.acknowledge) {
    const sequence = /"AcknowledgedMessageSequenceNumber":\s*(\d{1,16})/.exec(
      Buffer.from(payload).toString("latin1"),
    );
    return `${messageType} of #${sequence?.[1] ?? "?"}`;
  }
  return `${messageType} ${payload.length} B`;
}

/** One short line for any frame. A text frame is the opening frame, whose token is not shown. Never throws. */
export function describeFrame(frame: Uint8Array | string): string {
  if (typeof frame === "string") return `text frame of ${frame.length} characters`;
  try {
    return describe(decode(frame));
  } catch (error) {
    return `unreadable frame of ${frame.length} B: ${reasonOf(error)}`;
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** The Go code writes a UUID's least significant half first. */
function writeUuid(frame: Buffer, uuid: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid))
    throw new RangeError(`'${uuid}' is not a UUID`);
  const [most, least] = [
    uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18),
    uuid.slice(19, 23) + uuid.slice(24),
  ];
  frame.write(least + most, AT.messageId, "hex");
}

function readUuid(frame: Buffer): string {
  const hex = frame.toString("hex", AT.messageId, AT.messageId + 16);
  return `${hex.slice(16, 24)}-${hex.slice(24, 28)}-${hex.slice(28)}-${hex.slice(0, 4)}-${hex.slice(4, 16)}`;
}

/** Both Go readers strip NUL, then white space. */
function unpad(text: string): string {
  return text.replace(/^\0+|\0+$/g, "").trim();
}

/** A number in eight bytes. One of BigInt would cost more than all else of a frame's head. */
function writeSafeNumber(frame: Buffer, value: number, at: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} does not fit a frame`);
  frame.writeUInt32BE(Math.floor(value / WORD), at);
  frame.writeUInt32BE(value % WORD, at + 4);
}

function readSafeNumber(frame: Buffer, at: number, field: string): number {
  const value = frame.readUInt32BE(at) * WORD + frame.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value))
    throw new MalformedFrame(`has the ${field} ${frame.readBigInt64BE(at).toString()}`);
  return value;
}

/** Why a frame could not be read. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
