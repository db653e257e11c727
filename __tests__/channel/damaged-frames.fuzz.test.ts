import { createHash } from "node:crypto";
import { Channel } from "../../src/channel/channel.ts";
import type { AgentMessage } from "../../src/wire/message.ts";
import { decode, describeFrame, encode, MalformedFrame } from "../../src/wire/message.ts";
import { damaged, heldBytes, randomBytesOf } from "../helpers/damage.ts";
import type { Random } from "../helpers/seeds.ts";
import { between, forEachSeed, pick, randomOf, sampleOf } from "../helpers/seeds.ts";
import { CAPTURES, readCapture } from "./captures.ts";
import { output } from "./frames.ts";

/** Each with `FRAMES` cases. */
const RUNS = sampleOf(2_700);
const FRAMES = 200;
const MIB = 1024 * 1024;

const captures = CAPTURES.map(readCapture);
const frames = captures.flatMap((capture) => capture.frames.map(({ bytes }) => bytes));
const LENGTHS = [0, 1, 111, 112, 113, 115, 116, 117, 120, 0x7fffffff, 0x80000000, 0xffffffff];

/** Any bytes, or damage to a real frame; with a true digest where that is what it takes to be read at all. */
function frameOf(random: Random, genuine: Uint8Array): Buffer {
  if (random() < 0.1) return randomBytesOf(random, between(random, 0, 200));
  const frame = damaged(random, genuine, pick(random, frames));
  if (frame.length > 120 && random() < 0.1) frame.writeUInt32BE(pick(random, LENGTHS), 0);
  if (frame.length > 120 && random() < 0.7) {
    const start = frame.readUInt32BE(0) + 4;
    createHash("sha256").update(frame.subarray(start)).digest().copy(frame, 80);
  }
  return frame;
}

function decoded(bytes: Uint8Array): AgentMessage | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    return undefined;
  }
}

function codec(bytes: Uint8Array): void {
  if (describeFrame(bytes).length > 200) throw new Error("it is described at length");
  const message = decoded(bytes);
  if (!message || !/^[\x21-\x7e]+$/.test(message.messageType) || message.createdDate === 0) return;
  const again = decode(encode(message));
  for (const field of [
    "messageType",
    "sequenceNumber",
    "createdDate",
    "flags",
    "messageId",
    "payloadType",
  ] as const)
    if (again[field] !== message[field]) throw new Error(`${field} came back as ${String(again[field])}`);
  if (!Buffer.from(again.payload).equals(message.payload)) throw new Error("the payload came back otherwise");
}

describe("captured sessions with damaged frames", () => {
  it("are survived, frame by frame: nothing is thrown, little is said, and the end comes once", () => {
    forEachSeed(RUNS, (seed) => {
      const random = randomOf(seed);
      const capture = pick(random, captures);
      const key = Buffer.from(capture.dataKeyPlaintextBase64 ?? "", "base64");
      const script = capture.frames.filter(({ from }) => from !== "client");
      let [channel, next, ends] = [
        new Channel({ sessionId: "s", sessionTarget: "ecs:c_t_r", encryption: { kind: "unknown" } }),
        0,
        0,
      ];
      for (let now = 0; now < FRAMES; now++) {
        if (ends > 0 || next >= script.length) {
          [channel, next, ends] = [
            new Channel({ sessionId: "s", sessionTarget: "ecs:c_t_r", encryption: { kind: "unknown" } }),
            0,
            0,
          ];
          channel.open(now, "token");
          channel.send(Buffer.alloc(2_000), now);
        }
        const genuine = script[next]?.bytes ?? new Uint8Array();
        const bytes = random() < 0.3 ? genuine : frameOf(random, genuine);
        if (bytes === genuine || random() < 0.5) next++;
        if (now % 4 === 0) codec(bytes);
        else decoded(bytes);
        channel.receive(bytes, now);
        channel.tick(now);
        for (const event of channel.takeEvents()) {
          if (event.kind === "data-key-wanted") {
            if (random() < 0.9) channel.provideDataKey({ plaintext: key, ciphertext: key, keyArn: "" }, now);
            else channel.refuseDataKey("no", now);
          }
          if (event.kind === "closed" || event.kind === "failed") ends++;
        }
        if (ends > 1) throw new Error("it ended twice");
        if (channel.takeFrames().length > 40) throw new Error("it answered with a flood");
      }
    });
  });
});

describe("a channel that is never let go on", () => {
  const opened = (): Channel => {
    const channel = new Channel({
      ...{ sessionId: "s", sessionTarget: "ecs:c_t_r", encryption: { kind: "unknown" } },
    });
    channel.open(0, "token");
    return channel;
  };

  it("holds no more than the frames it may keep, whatever comes", () => {
    const random = randomOf(1);
    const channel = opened();
    const before = heldBytes();
    for (let count = 0; count < 100_000; count++) {
      const genuine = output(between(random, 1, 50_000), "x".repeat(between(random, 1, 1_024)));
      channel.receive(random() < 0.5 ? genuine : frameOf(random, genuine), count);
      channel.takeEvents();
      channel.takeFrames();
    }
    const held = heldBytes() - before;
    expect(channel.deadline()).toBeUndefined();
    expect(held).toBeGreaterThan(4 * MIB);
    expect(held).toBeLessThan(32 * MIB);
  });

  it("does not hold the buffers in which its frames came", () => {
    const channel = opened();
    const before = heldBytes();
    for (let sequence = 1; sequence <= 2_000; sequence++) {
      const frame = output(sequence, "x");
      const buffer = new Uint8Array(64 * 1024);
      buffer.set(frame);
      channel.receive(buffer.subarray(0, frame.length), 0);
      channel.takeFrames();
    }
    const held = heldBytes() - before;
    // It is still wanted, so that all it holds is counted.
    expect(channel.deadline()).toBeUndefined();
    expect(held).toBeLessThan(8 * MIB);
  });
});
