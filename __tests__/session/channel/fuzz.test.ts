import fc from "fast-check";
import { Channel } from "../../../src/session/channel/channel.ts";
import { systemClock } from "../../../src/clock.ts";
import { decode, describeFrame, encode, MalformedFrame } from "../../../src/session/wire/message.ts";
import type { AgentMessage } from "../../../src/session/wire/message.ts";
import { CAPTURES, readCapture } from "./captures.ts";
import { ack, channelClosed, frame, fromAgent, output } from "./frames.ts";

const NOW = 1_700_000_000_000;

const captured = CAPTURES.flatMap((name) => readCapture(name).frames.map(({ bytes }) => bytes)).slice(0, 120);
const genuine = fc.constantFrom(...captured);
const mutated = fc
  .tuple(genuine, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.nat())
  .map(([bytes, changes, cut]) => {
    const copy = new Uint8Array(bytes);
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return cut % 4 === 0 ? copy.subarray(0, cut % copy.length) : copy;
  });
/** Whole frames with a correct digest and random fields. */
const valid = fc
  .record({
    messageType: fc.constantFrom(
      "output_stream_data",
      "acknowledge",
      "input_stream_data",
      "agent_session_state",
      "zzz",
    ),
    sequenceNumber: fc.oneof(fc.nat(40), fc.maxSafeNat()),
    payloadType: fc.oneof(fc.nat(14), fc.constant(undefined), fc.nat()),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.json().map((text) => new Uint8Array(Buffer.from(text))),
      fc.constant(
        new Uint8Array(
          Buffer.from('{"RequestedClientActions":[{"ActionType":"KMSEncryption"}],"Challenge":"AAAA"}'),
        ),
      ),
    ),
  })
  .map((fields) => frame(fields));
const anything = fc.oneof(genuine, mutated, valid, fc.uint8Array({ maxLength: 300 }), fc.string());

function openedChannel(): Channel {
  const identity = {
    ...{ sessionId: "ecs-execute-command-1", sessionTarget: "ecs:c_t_r" },
    encryption: { kind: "unknown" } as const,
  };
  const channel = new Channel(identity, systemClock.random);
  channel.open(NOW, "token");
  return channel;
}

describe("frames that no peer should send", () => {
  it("never make a channel throw, and end it at most once", () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40 }), (frames) => {
        const channel = openedChannel();
        channel.send(Buffer.alloc(3_000), NOW);
        const ends: string[] = [];
        frames.forEach((each, index) => {
          expect(describeFrame(each).length).toBeLessThan(200);
          channel.receive(each, NOW + index);
          channel.tick(NOW + index);
          for (const event of channel.takeEvents()) {
            if (event.kind === "data-key-wanted") channel.refuseDataKey("no", NOW + index);
            if (event.kind === "closed" || event.kind === "failed") ends.push(event.kind);
          }
        });
        expect(ends.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 400 },
    );
  });

  it("are refused as malformed, or decode to a message that is the same after encoding and decoding", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, valid, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        let message: AgentMessage;
        try {
          message = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
          return;
        }
        const printable = /^[\x21-\x7e]+$/.test(message.messageType);
        if (printable && message.createdDate > 0) expect(decode(encode(message))).toEqual(message);
      }),
      { numRuns: 1_000 },
    );
  });

  it("in a flood of one kind, cause three frames and events each at most, and leave no deadline", () => {
    const floods: [string, (index: number) => Uint8Array][] = [
      ["duplicates", () => output(0, "x")],
      ["acks for messages never sent", (index) => ack(index + 5)],
      ["unknown types", () => frame({ messageType: "zzz" })],
      ["second handshakes", (index) => fromAgent(index + 1, 5, { RequestedClientActions: [] })],
      ["ends", () => channelClosed("x")],
    ];
    for (const [name, make] of floods) {
      const channel = openedChannel();
      channel.takeFrames();
      channel.receive(output(0, "x"), NOW);
      channel.takeFrames();
      channel.takeEvents();
      for (let index = 0; index < 200; index++) {
        channel.receive(make(index), NOW + index);
        channel.tick(NOW + index);
        const queued = channel.takeFrames().length + channel.takeEvents().length;
        expect([name, queued <= 3]).toEqual([name, true]);
      }
      expect([name, channel.deadline()]).toEqual([name, undefined]);
    }
  });
});
