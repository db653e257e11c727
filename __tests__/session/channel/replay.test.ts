import { Channel } from "../../../src/session/channel/channel.ts";
import { decode } from "../../../src/session/wire/message.ts";
import type { ChannelEvent } from "../../../src/session/channel/types.ts";
import { systemClock } from "../../../src/clock.ts";
import type { Capture } from "./captures.ts";
import { CAPTURES, readCapture } from "./captures.ts";
import { json, messages, text } from "./frames.ts";

/** Plays the agent's and the gateway's half of a capture to a channel. */
function replay(capture: Capture): { events: ChannelEvent[]; sent: ReturnType<typeof messages> } {
  const sessionTarget = capture.encryptionContext?.["aws:ssm:TargetId"] ?? "ecs:any_0_0";
  const channel = new Channel(
    { sessionId: capture.session, sessionTarget, encryption: { kind: "unknown" } },
    systemClock.random,
  );
  channel.open(0, "token");
  const events: ChannelEvent[] = [];
  let now = 0;
  for (const { from, bytes } of capture.frames) {
    if (from === "client") continue;
    channel.receive(bytes, ++now);
    for (const event of channel.takeEvents()) {
      events.push(event);
      if (event.kind !== "data-key-wanted") continue;
      const plaintext = Buffer.from(capture.dataKeyPlaintextBase64 ?? "", "base64");
      channel.provideDataKey({ plaintext, ciphertext: Buffer.from("ciphertext"), keyArn: "" }, now);
    }
  }
  return { events, sent: messages(channel.takeFrames()) };
}

function outputOf(events: readonly ChannelEvent[]): string {
  return Buffer.concat(
    events.map((event) => (event.kind === "output" ? event.bytes : new Uint8Array())),
  ).toString();
}

const isTrouble = ({ kind }: ChannelEvent): boolean => kind === "problem" || kind === "failed";

describe("a channel that hears a captured agent", () => {
  it.each(["plain", "silent", "colours-utf8", "ctrl-c", "input", "two-hundred-kb"] as const)(
    "shows what the plugin showed in '%s'",
    (name) => {
      const capture = readCapture(name);
      const { events } = replay(capture);
      expect(outputOf(events)).toBe(capture.shown);
      expect(events.filter(isTrouble)).toEqual([]);
    },
  );

  it.each(CAPTURES.filter((name) => name !== "two-hundred-kb"))("learns of the end of '%s'", (name) => {
    const { events } = replay(readCapture(name));
    const text: unknown =
      name === "cannot-start" ? expect.stringContaining("/no/such/program: no such file") : undefined;
    expect(events.at(-1)).toEqual({ kind: "closed", text });
  });

  it("acknowledges every stream message of the agent, repeated ones again", () => {
    const capture = readCapture("kms");
    const streamed = capture.frames
      .map(({ bytes }) => decode(bytes))
      .filter(({ messageType }) => messageType === "output_stream_data");
    const acks = replay(capture).sent.filter(({ messageType }) => messageType === "acknowledge");
    expect(acks.map(json)).toEqual(
      streamed.map(({ messageId, sequenceNumber }) => ({
        AcknowledgedMessageType: "output_stream_data",
        AcknowledgedMessageId: messageId,
        AcknowledgedMessageSequenceNumber: sequenceNumber,
        IsSequentialMessage: true,
      })),
    );
    expect(streamed.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 0, 1, 2, 3]);
  });

  it("acknowledges as the plugin does, byte for byte but for ids and times", () => {
    const capture = readCapture("plain");
    const theirs = capture.frames
      .filter(({ from }) => from === "client")
      .map(({ bytes }) => decode(bytes))[0];
    const ours = replay(capture).sent[0];
    expect(text(ours?.payload)).toBe(text(theirs?.payload));
    expect({ ...ours, messageId: "", createdDate: 0 }).toEqual({ ...theirs, messageId: "", createdDate: 0 });
  });

  it("shows all that the faulty link made the plugin lose", () => {
    const { events } = replay(readCapture("faults"));
    const lines = Array.from({ length: 4000 }, (_line, index) => `${index + 1}\r\n`);
    expect(outputOf(events)).toBe(lines.join(""));
  });

  it("does the KMS handshake and reads what the agent encrypted", () => {
    const capture = readCapture("kms");
    const { events, sent } = replay(capture);
    expect(events.filter(({ kind }) => kind === "data-key-wanted")).toEqual([
      { kind: "data-key-wanted", keyId: capture.kmsKeyId, encryptionContext: capture.encryptionContext },
    ]);
    const complete = events.find((event) => event.kind === "handshake-complete");
    expect(`${complete?.customerMessage ?? ""}\n${outputOf(events)}`).toBe(capture.shown);
    expect(events.filter(isTrouble)).toEqual([]);

    const replies = sent.filter(({ messageType }) => messageType === "input_stream_data");
    expect(replies.map(({ sequenceNumber, payloadType }) => [sequenceNumber, payloadType])).toEqual([
      [0, 6],
      [1, 9],
    ]);
    expect(json(replies[0])).toEqual({
      ClientVersion: "1.2.764.0",
      ProcessedClientActions: [
        { ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" },
        {
          ActionType: "KMSEncryption",
          ActionStatus: 1,
          ActionResult: { KMSCipherTextKey: "Y2lwaGVydGV4dA==", KMSCipherTextHash: null },
          Error: "",
        },
      ],
      Errors: null,
    });
  });
});
