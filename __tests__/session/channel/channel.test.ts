import { Channel } from "../../../src/session/channel/channel.ts";
import { Cipher } from "../../../src/session/channel/cipher.ts";
import { systemClock } from "../../../src/clock.ts";
import { MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { ack, channelClosed, frame, fromAgent, json, messages, output, text } from "./frames.ts";

const NOW = 1_700_000_000_000;
const KEY = Buffer.alloc(64, 7);
const KMS_REQUEST = {
  AgentVersion: "3.3.0.0",
  RequestedClientActions: [
    { ActionType: "SessionType", ActionParameters: { SessionType: "InteractiveCommands", Properties: null } },
    { ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "key-1", Challenge: "abc=" } },
  ],
};

function newChannel(): Channel {
  return new Channel(
    {
      sessionId: "ecs-execute-command-1",
      sessionTarget: "ecs:c_t_r",
      encryption: { kind: "unknown" },
    },
    systemClock.random,
  );
}

function openChannel(): Channel {
  const channel = newChannel();
  channel.open(NOW, "token");
  channel.takeFrames();
  return channel;
}

/** A channel past its first output, so that it sends input. */
function inputChannel(): Channel {
  const channel = openChannel();
  channel.receive(output(0, "$ "), NOW);
  channel.takeFrames();
  channel.takeEvents();
  return channel;
}

const inputs = (channel: Channel) =>
  messages(channel.takeFrames()).filter(({ messageType }) => messageType === MessageType.input);
/** The challenge of an agent that holds the data key. */
const challenge = (sequenceNumber: number) => {
  const agent = new Cipher(Buffer.concat([KEY.subarray(32), KEY.subarray(0, 32)]), systemClock.random);
  const sealed = Buffer.from(agent.seal(Buffer.alloc(64, 1))).toString("base64");
  return fromAgent(sequenceNumber, 8, { Challenge: sealed });
};
const sentText = (channel: Channel) => inputs(channel).map(({ payload }) => text(payload));
const kinds = (channel: Channel) => channel.takeEvents().map(({ kind }) => kind);

describe("channel, opening", () => {
  it("says who it is with one JSON text frame", () => {
    const channel = newChannel();
    channel.open(NOW, "s3cret");
    const [first, ...more] = channel.takeFrames();
    const uuid: unknown = expect.stringMatching(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(JSON.parse(first as string)).toEqual({
      MessageSchemaVersion: "1.0",
      RequestId: uuid,
      TokenValue: "s3cret",
      ClientId: uuid,
      ClientVersion: "1.2.764.0",
    });
    expect(more).toEqual([]);
  });

  it("keeps its client id and its sequence on a new connection, and repeats what was unacknowledged", () => {
    const channel = newChannel();
    channel.open(NOW, "one");
    const first = JSON.parse(channel.takeFrames()[0] as string) as Record<string, string>;
    channel.receive(output(0, "a"), NOW);
    channel.send(Buffer.from("typed"), NOW);
    channel.receive(output(1, "b"), NOW);

    channel.open(NOW + 5, "two");
    const [opening, ...rest] = channel.takeFrames();
    const second = JSON.parse(opening as string) as Record<string, string>;
    expect(second["ClientId"]).toBe(first["ClientId"]);
    expect(second["RequestId"]).not.toBe(first["RequestId"]);
    expect(second["TokenValue"]).toBe("two");
    expect(messages(rest).map(({ payload }) => text(payload))).toEqual(["typed"]);

    channel.takeEvents();
    channel.receive(output(1, "b"), NOW + 6);
    channel.receive(output(2, "c"), NOW + 6);
    expect(channel.takeEvents()).toEqual([{ kind: "output", bytes: Buffer.from("c") }]);
    expect(messages(channel.takeFrames()).map(json)).toMatchObject([
      { AcknowledgedMessageSequenceNumber: 1 },
      { AcknowledgedMessageSequenceNumber: 2 },
    ]);
  });
});

describe("channel, input", () => {
  it("holds input and size back until the first output shows that there is no handshake", () => {
    const channel = openChannel();
    channel.resize(300, 100, NOW);
    channel.send(Buffer.from("early"), NOW);
    expect(channel.takeFrames()).toEqual([]);
    expect(channel.deadline()).toBeUndefined();
    channel.receive(output(0, "ready"), NOW);
    expect(sentText(channel)).toEqual(['{"cols":300,"rows":100}', "early"]);
  });

  it("cuts input into frames of 1,024 bytes at most", () => {
    const channel = inputChannel();
    expect(channel.send(Buffer.alloc(2049, "x"), NOW)).toBe(2049);
    expect(
      inputs(channel).map(({ sequenceNumber, payloadType, payload }) => [
        sequenceNumber,
        payloadType,
        payload.length,
      ]),
    ).toEqual([
      [0, PayloadType.output, 1024],
      [1, PayloadType.output, 1024],
      [2, PayloadType.output, 1],
    ]);
  });

  it("keeps its own copy of input that waits", () => {
    const channel = openChannel();
    const bytes = Buffer.from("before");
    channel.send(bytes, NOW);
    bytes.write("after!");
    channel.receive(output(0, "ready"), NOW);
    expect(sentText(channel)).toEqual(["before"]);
  });

  it("reports the position up to which the agent has all input", () => {
    const channel = inputChannel();
    expect(channel.send(Buffer.alloc(1500), NOW)).toBe(1500);
    expect(channel.send(Buffer.from("more"), NOW)).toBe(1504);
    channel.receive(ack(1), NOW + 1);
    expect(channel.takeEvents()).toEqual([]);
    channel.receive(ack(0), NOW + 2);
    channel.receive(ack(2), NOW + 3);
    channel.receive(ack(2), NOW + 4);
    expect(channel.takeEvents()).toEqual([
      { kind: "acked", position: 1500 },
      { kind: "acked", position: 1504 },
    ]);
  });

  it("keeps 32 messages in flight, and sends the next with each ack", () => {
    const channel = inputChannel();
    channel.send(Buffer.alloc(40 * 1024), NOW);
    expect(inputs(channel)).toHaveLength(32);
    channel.receive(ack(3), NOW + 1);
    expect(inputs(channel).map(({ sequenceNumber }) => sequenceNumber)).toEqual([32]);
  });

  it("sends the same frame again at the deadline", () => {
    const channel = inputChannel();
    channel.send(Buffer.from("typed"), NOW);
    const sent = channel.takeFrames();
    expect(channel.deadline()).toBe(NOW + 200);
    channel.tick(NOW + 199);
    expect(channel.takeFrames()).toEqual([]);
    channel.tick(NOW + 200);
    expect(channel.takeFrames()).toEqual(sent);
    channel.receive(ack(0), NOW + 201);
    expect(channel.deadline()).toBeUndefined();
  });

  it.each([
    [-1, 10],
    [1.5, 10],
    [10, 2 ** 32],
    [Number.NaN, 10],
  ])("refuses the size %s × %s, which the agent would never acknowledge", (cols, rows) => {
    expect(() => inputChannel().resize(cols, rows, NOW)).toThrow(RangeError);
  });
});

describe("channel, handshake", () => {
  it("answers a handshake without encryption at once, and sends input when it is complete", () => {
    const channel = openChannel();
    channel.send(Buffer.from("held"), NOW);
    channel.receive(
      fromAgent(0, 5, { RequestedClientActions: KMS_REQUEST.RequestedClientActions.slice(0, 1) }),
      NOW,
    );
    const [acknowledged, response] = messages(channel.takeFrames());
    expect(acknowledged?.messageType).toBe("acknowledge");
    expect(response?.payloadType).toBe(PayloadType.handshakeResponse);
    channel.receive(ack(0), NOW);
    expect(inputs(channel)).toEqual([]);
    channel.receive(fromAgent(1, 7, { HandshakeTimeToComplete: 1, CustomerMessage: "welcome" }), NOW);
    expect(channel.takeEvents()).toEqual([{ kind: "handshake-complete", customerMessage: "welcome" }]);
    expect(sentText(channel)).toEqual(["held"]);
  });

  it("answers that an unknown action is unsupported", () => {
    const channel = openChannel();
    channel.receive(fromAgent(0, 5, { RequestedClientActions: [{ ActionType: "Dance" }] }), NOW);
    expect(json(inputs(channel)[0])).toMatchObject({
      ProcessedClientActions: [{ ActionType: "Dance", ActionStatus: 3, Error: "Unsupported action Dance" }],
    });
  });

  it("repeats only the beginning of an unknown action's name", () => {
    const channel = openChannel();
    const RequestedClientActions = Array.from({ length: 8 }, () => ({ ActionType: "\0".repeat(10_000) }));
    channel.receive(fromAgent(0, 5, { RequestedClientActions }), NOW);
    expect(inputs(channel)[0]?.payload.length).toBeLessThan(8 * 1024);
  });

  it("encrypts input but not sizes under KMS", () => {
    const channel = openChannel();
    const agent = new Cipher(Buffer.concat([KEY.subarray(32), KEY.subarray(0, 32)]), systemClock.random);
    channel.send(Buffer.from("secret"), NOW);
    channel.resize(80, 24, NOW);
    channel.receive(fromAgent(0, 5, KMS_REQUEST), NOW);
    expect(channel.takeEvents()).toEqual([
      {
        kind: "data-key-wanted",
        keyId: "key-1",
        encryptionContext: { "aws:ssm:SessionId": "ecs-execute-command-1", "aws:ssm:TargetId": "ecs:c_t_r" },
      },
    ]);
    expect(inputs(channel)).toEqual([]);
    channel.provideDataKey({ plaintext: KEY, ciphertext: Buffer.from("blob"), keyArn: "" }, NOW);
    channel.receive(challenge(1), NOW);
    expect(inputs(channel).map(({ payloadType }) => payloadType)).toEqual([6, 9]);
    channel.receive(fromAgent(2, 7, {}), NOW);
    const [input, size] = inputs(channel);
    expect(text(agent.open(input?.payload ?? Buffer.of()))).toBe("secret");
    expect(text(size?.payload)).toBe('{"cols":80,"rows":24}');
    expect(channel.takeEvents()).toEqual([{ kind: "handshake-complete", customerMessage: undefined }]);
  });

  it("tells the agent when there is no data key, and sends no input in the clear afterwards", () => {
    const channel = openChannel();
    channel.send(Buffer.from("secret"), NOW);
    channel.receive(fromAgent(0, 5, KMS_REQUEST), NOW);
    channel.refuseDataKey("no right", NOW);
    expect(json(inputs(channel)[0])).toMatchObject({
      ProcessedClientActions: [
        { ActionStatus: 1 },
        { ActionStatus: 2, ActionResult: null, Error: "no right" },
      ],
    });
    channel.receive(fromAgent(1, 7, {}), NOW);
    expect(inputs(channel)).toEqual([]);
    expect(kinds(channel)).toEqual(["data-key-wanted", "failed"]);
  });

  const request = fromAgent(0, 5, KMS_REQUEST);
  it.each<[string, Uint8Array[], RegExp]>([
    ["a request that is not JSON", [frame({ payloadType: 5 })], /HandshakeRequest is not a JSON object/],
    ["a request without actions", [fromAgent(0, 5, {})], /no list of actions/],
    [
      "KMS without a key id",
      [fromAgent(0, 5, { RequestedClientActions: [{ ActionType: "KMSEncryption" }] })],
      /KMSEncryption lacks/,
    ],
    [
      "any number of actions",
      [fromAgent(0, 5, { RequestedClientActions: [...Array<number>(100).fill(0)] })],
      /HandshakeRequest has 100 actions, more than 8/,
    ],
    [
      "a request without end",
      [fromAgent(0, 5, { RequestedClientActions: [], Rest: "x".repeat(600_000) })],
      /HandshakeRequest has 6\d{5} bytes, more than 524288/,
    ],
    [
      "a key id that KMS would not take",
      [
        fromAgent(0, 5, {
          RequestedClientActions: [
            { ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "x".repeat(2_049) } },
          ],
        }),
      ],
      /value of the agent's KMSEncryption has 2049 characters, more than 2048/,
    ],
    ["a second request", [request, fromAgent(1, 5, KMS_REQUEST)], /second handshake/],
    ["output before the key", [request, output(1, "plain")], /output before the handshake's end/],
    ["a challenge before the key", [request, fromAgent(1, 8, { Challenge: "AAAA" })], /before it had a key/],
    ["completion before our answer", [request, fromAgent(1, 7, {})], /before we had answered/],
    ["completion without a request", [fromAgent(0, 7, {})], /before we had answered/],
  ])("gives up on %s", (_name, frames, why) => {
    const channel = openChannel();
    for (const each of frames) channel.receive(each, NOW);
    expect(channel.takeEvents().at(-1)).toMatchObject({
      kind: "failed",
      why: expect.stringMatching(why) as string,
    });
    expect(inputs(channel)).toEqual([]);
    channel.send(Buffer.from("x"), NOW);
    channel.receive(output(9, "x"), NOW);
    expect(channel.takeFrames()).toEqual([]);
    expect(channel.takeEvents()).toEqual([]);
    expect(channel.deadline()).toBeUndefined();
  });

  it("gives up on a data key of the wrong length", () => {
    const channel = openChannel();
    channel.receive(request, NOW);
    channel.provideDataKey({ plaintext: new Uint8Array(32), ciphertext: new Uint8Array(1), keyArn: "" }, NOW);
    expect(channel.takeEvents().at(-1)).toMatchObject({ why: "the data key has 32 bytes, not 64" });
  });

  it("gives up on output that this session's key did not seal", () => {
    const channel = openChannel();
    channel.receive(request, NOW);
    channel.provideDataKey({ plaintext: KEY, ciphertext: new Uint8Array(1), keyArn: "" }, NOW);
    channel.receive(challenge(1), NOW);
    channel.receive(fromAgent(2, 7, {}), NOW);
    channel.receive(frame({ sequenceNumber: 3, payload: new Uint8Array(40) }), NOW);
    expect(channel.takeEvents().at(-1)).toMatchObject({
      why: "the agent's output is not sealed with this session's key",
    });
  });
});

describe("channel, other frames", () => {
  it.each<[string, Uint8Array | string, unknown]>([
    ["a pause", frame({ messageType: "pause_publication" }), { kind: "paused" }],
    ["a start", frame({ messageType: "start_publication" }), { kind: "resumed" }],
    ["an end", channelClosed(""), { kind: "closed", text: undefined }],
    ["an end with its reason", channelClosed("timed out"), { kind: "closed", text: "timed out" }],
    [
      "an unknown type",
      frame({ messageType: "new" }),
      { kind: "note", text: "A message of type 'new' was ignored." },
    ],
    [
      "an unknown payload",
      frame({ payloadType: 99 }),
      { kind: "note", text: "Payload type 99 was ignored." },
    ],
    ["text", "hello", { kind: "note", text: "A text frame was ignored." }],
    ["rubbish", new Uint8Array(4), { kind: "problem", why: "A frame has 4 bytes, too few for a header." }],
    [
      "an ack that is not JSON",
      frame({ messageType: "acknowledge" }),
      { kind: "problem", why: "An acknowledgement names no message of ours." },
    ],
  ])("reports %s", (_name, bytes, event) => {
    const channel = openChannel();
    channel.receive(bytes, NOW);
    expect(channel.takeEvents()).toEqual([event]);
  });

  it("acknowledges an unknown payload, so that what follows is not held up", () => {
    const channel = openChannel();
    channel.receive(frame({ payloadType: 99 }), NOW);
    channel.receive(output(1, "next"), NOW);
    expect(messages(channel.takeFrames())).toHaveLength(2);
    expect(kinds(channel)).toEqual(["note", "output"]);
  });

  it("ends even when the reason cannot be read", () => {
    const channel = openChannel();
    channel.receive(frame({ messageType: "channel_closed" }), NOW);
    expect(kinds(channel)).toEqual(["problem", "closed"]);
  });

  it("says what was missing when the end comes before all output", () => {
    const channel = openChannel();
    channel.receive(output(0, "a"), NOW);
    channel.receive(output(2, "c"), NOW);
    channel.receive(channelClosed(""), NOW);
    expect(channel.takeEvents()).toEqual([
      { kind: "output", bytes: Buffer.from("a") },
      {
        kind: "problem",
        why: "Output was lost: message #1 had not come when the channel closed; later messages that had come: 1.",
      },
      { kind: "closed", text: undefined },
    ]);
  });

  it("neither sends nor takes anything after the end", () => {
    const channel = inputChannel();
    channel.send(Buffer.from("x"), NOW);
    channel.receive(channelClosed(""), NOW);
    channel.takeFrames();
    channel.takeEvents();
    channel.receive(output(1, "late"), NOW);
    channel.tick(NOW + 10_000);
    channel.open(NOW, "again");
    expect([channel.takeFrames(), channel.takeEvents(), channel.deadline()]).toEqual([[], [], undefined]);
  });
});
