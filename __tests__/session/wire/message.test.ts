import {
  decode,
  describe as line,
  describeFrame,
  encode,
  MalformedFrame,
} from "../../../src/session/wire/message.ts";
import type { AgentMessage } from "../../../src/session/wire/message.ts";
import { CAPTURES, readCapture } from "../channel/captures.ts";
import { ack, frame, output } from "../channel/frames.ts";

const hex = (...fields: string[]): Uint8Array =>
  new Uint8Array(Buffer.from(fields.join("").replaceAll(" ", ""), "hex"));

const LITERALS: [string, AgentMessage, Uint8Array][] = [
  [
    "the long header, padded with spaces, UUID halves swapped",
    {
      messageType: "input_stream_data",
      schemaVersion: 1,
      createdDate: 1_700_000_000_000,
      sequenceNumber: 258,
      flags: 1,
      messageId: "00112233-4455-6677-8899-aabbccddeeff",
      payloadType: 3,
      payload: Buffer.from("{}"),
    },
    hex(
      "00000074",
      "696e7075745f73747265616d5f64617461 202020202020202020202020202020",
      "00000001",
      "0000018bcfe56800",
      "0000000000000102",
      "0000000000000001",
      "8899aabbccddeeff 0011223344556677",
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      "00000003",
      "00000002",
      "7b7d",
    ),
  ],
  [
    "the gateway's short header, padded with NUL, without a payload type",
    {
      messageType: "channel_closed",
      schemaVersion: 1,
      createdDate: 1_700_000_000_000,
      sequenceNumber: 0,
      flags: 0,
      messageId: "00112233-4455-6677-8899-aabbccddeeff",
      payloadType: undefined,
      payload: Buffer.from("{}"),
    },
    hex(
      "00000070",
      "6368616e6e656c5f636c6f736564 000000000000000000000000000000000000",
      "00000001",
      "0000018bcfe56800",
      "0000000000000000",
      "0000000000000000",
      "8899aabbccddeeff 0011223344556677",
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      "00000002",
      "7b7d",
    ),
  ],
];

describe("message", () => {
  it.each(LITERALS)("encodes %s", (_name, message, bytes) => {
    expect(Buffer.from(encode(message)).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  });

  it.each(LITERALS)("decodes %s", (_name, message, bytes) => {
    expect(decode(bytes)).toEqual(message);
  });

  it.each(CAPTURES)("gives back every frame of capture '%s' byte for byte", (name) => {
    const { frames } = readCapture(name);
    expect(frames.length).toBeGreaterThan(1);
    for (const { bytes } of frames) {
      expect(Buffer.from(encode(decode(bytes))).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
    }
  });

  it("reads a frame that lies inside a larger buffer", () => {
    const bytes = output(7, "hello");
    const padded = new Uint8Array(bytes.length + 30);
    padded.set(bytes, 13);
    expect(decode(padded.subarray(13, 13 + bytes.length))).toEqual(decode(bytes));
  });

  const at = (offset: number, value: number[]) => (bytes: Uint8Array) => bytes.set(value, offset);
  it.each<[string, (bytes: Uint8Array) => unknown, RegExp]>([
    ["a header length of 0", at(0, [0, 0, 0, 0]), /claims a header of 0/],
    ["a header length below the short one", at(0, [0, 0, 0, 111]), /claims a header of 111/],
    ["a header longer than the frame", at(0, [0, 0, 1, 0]), /claims a header of 256/],
    ["an empty message type", (bytes) => bytes.fill(0x20, 4, 36), /names no message type/],
    ["no creation date", (bytes) => bytes.fill(0, 40, 48), /no creation date/],
    ["a negative sequence number", (bytes) => bytes.fill(0xff, 48, 56), /sequence number -1/],
    ["a payload that was changed", at(122, [0x21]), /digest does not match/],
    ["a digest that was changed", at(80, [0, 0]), /digest does not match/],
  ])("refuses %s", (_name, damage, why) => {
    const bytes = output(0, "hello world");
    damage(bytes);
    expect(() => decode(bytes)).toThrow(MalformedFrame);
    expect(() => decode(bytes)).toThrow(why);
  });

  it("refuses a frame cut short anywhere", () => {
    const bytes = output(0, "hello world");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(MalformedFrame);
    }
  });

  it.each(["start_publication", "pause_publication"])("takes %s whatever else it holds", (messageType) => {
    const bytes = frame({ messageType });
    bytes.fill(0, 40, 48).fill(0, 80, 112);
    expect(decode(bytes).messageType).toBe(messageType);
  });

  it("strips NUL at the ends of a message type only, like AWS's readers", () => {
    const bytes = frame({ messageType: "acknowledge" });
    bytes.fill(0, 4, 36).set(Buffer.from("\0ack\0ed "), 4);
    expect(decode(bytes).messageType).toBe("ack\0ed");
  });

  it("does not look for a digest when the payload's length says 0, like AWS's reader", () => {
    const bytes = output(0, "hello");
    bytes.fill(0, 80, 112).fill(0, 116, 120);
    expect(Buffer.from(decode(bytes).payload).toString()).toBe("hello");
  });

  it.each([
    ["a type of 33 characters", { messageType: "x".repeat(33) }, /not 1 to 32 printable/],
    ["an empty type", { messageType: "" }, /not 1 to 32 printable/],
    ["a message id that is no UUID", { messageId: "1234" }, /'1234' is not a UUID/],
    ["a payload type beyond 32 bits", { payloadType: 2 ** 32 }, /out of range/],
  ])("does not encode %s", (_name, fields, why) => {
    expect(() => frame(fields)).toThrow(why);
  });

  it.each<[string, Uint8Array | string, string]>([
    ["stream data", output(12, "secret"), "output_stream_data #12 output 6 B"],
    ["an unknown payload", frame({ payloadType: 77 }), "output_stream_data #0 payload type 77 1 B"],
    ["an ack", ack(9), "acknowledge of #9"],
    ["the opening text, whose token is secret", '{"TokenValue":"s3cret"}', "text frame of 23 characters"],
    ["rubbish", new Uint8Array(3), "unreadable frame of 3 B: has 3 bytes, too few for a header"],
  ])("prints %s as one short line", (_name, bytes, expected) => {
    expect(describeFrame(bytes)).toBe(expected);
    if (bytes instanceof Uint8Array && bytes.length > 3) expect(line(decode(bytes))).toBe(expected);
  });
});
