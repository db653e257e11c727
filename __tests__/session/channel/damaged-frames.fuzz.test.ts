import { createHash } from "node:crypto";
import { Channel } from "../../../src/session/channel/channel.ts";
import type { SessionIdentity } from "../../../src/session/channel/handshake.ts";
import { systemClock } from "../../../src/clock.ts";
import type { AgentMessage } from "../../../src/session/wire/message.ts";
import { decode, describeFrame, encode, MalformedFrame } from "../../../src/session/wire/message.ts";
import { damage, randomBytesOf } from "../../helpers/damage.ts";
import { heldBytes } from "../../helpers/memory.ts";
import type { Random } from "../../helpers/seeds.ts";
import { between, forEachSeed, pick, randomOf, sampleOf } from "../../helpers/seeds.ts";
import { CAPTURES, readCapture } from "./captures.ts";
import { output } from "./frames.ts";

/** Runs of the property. Each one receives `FRAMES_PER_RUN` frames. */
const RUNS = sampleOf(2_700);
const FRAMES_PER_RUN = 200;
const MIB = 1024 * 1024;

const captures = CAPTURES.map(readCapture);
const capturedFrames = captures.flatMap((capture) => capture.frames.map(({ bytes }) => bytes));
/** Values of the header-length field that are at or beyond its limits. */
const HEADER_LENGTHS = [0, 1, 111, 112, 113, 115, 116, 117, 120, 0x7fffffff, 0x80000000, 0xffffffff];

/**
 * Random bytes, or a damaged copy of a real frame. Most copies get a correct payload digest, because `decode` would otherwise refuse them
 * for the digest alone.
 */
function randomFrame(random: Random, genuine: Uint8Array): Buffer {
  if (random() < 0.1) return randomBytesOf(random, between(random, 0, 200));
  const frame = damage(random, genuine, pick(random, capturedFrames));
  if (frame.length > 120 && random() < 0.1) frame.writeUInt32BE(pick(random, HEADER_LENGTHS), 0);
  if (frame.length > 120 && random() < 0.7) {
    const start = frame.readUInt32BE(0) + 4;
    createHash("sha256").update(frame.subarray(start)).digest().copy(frame, 80);
  }
  return frame;
}

function decodeOrRefuse(bytes: Uint8Array): AgentMessage | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    return undefined;
  }
}

function checkRoundTrip(bytes: Uint8Array): void {
  if (describeFrame(bytes).length > 200) throw new Error("the description has more than 200 characters");
  const message = decodeOrRefuse(bytes);
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
  if (!Buffer.from(again.payload).equals(message.payload)) throw new Error("the payload came back changed");
}

const OPTIONS: SessionIdentity = {
  ...{ sessionId: "s", sessionTarget: "ecs:c_t_r", encryption: { kind: "unknown" } },
};

/** A channel that has sent a message, the index of the agent's next frame, and how often the channel has ended. */
function beginRun(now: number) {
  const channel = new Channel(OPTIONS, systemClock.random);
  channel.open(now, "token");
  channel.send(Buffer.alloc(2_000), now);
  return { channel, next: 0, ends: 0 };
}

describe("a channel that receives damaged frames", () => {
  it("throws nothing, answers with few frames and ends at most once", () => {
    forEachSeed(RUNS, (seed) => {
      const random = randomOf(seed);
      const capture = pick(random, captures);
      const key = Buffer.from(capture.dataKeyPlaintextBase64 ?? "", "base64");
      const agentFrames = capture.frames.filter(({ from }) => from !== "client");
      let run = beginRun(0);
      for (let step = 0; step < FRAMES_PER_RUN; step++) {
        if (run.ends > 0 || run.next >= agentFrames.length) run = beginRun(step);
        const { channel } = run;
        const genuine = agentFrames[run.next]?.bytes ?? new Uint8Array();
        const bytes = random() < 0.3 ? genuine : randomFrame(random, genuine);
        if (bytes === genuine || random() < 0.5) run.next++;
        if (step % 4 === 0) checkRoundTrip(bytes);
        else decodeOrRefuse(bytes);
        channel.receive(bytes, step);
        channel.tick(step);
        for (const event of channel.takeEvents()) {
          if (event.kind === "data-key-wanted") {
            if (random() < 0.9) channel.provideDataKey({ plaintext: key, ciphertext: key, keyArn: "" }, step);
            else channel.refuseDataKey("no", step);
          }
          if (event.kind === "closed" || event.kind === "failed") run.ends++;
        }
        if (run.ends > 1) throw new Error("it ended twice");
        if (channel.takeFrames().length > 40) throw new Error("it answered one frame with more than 40");
      }
    });
  });
});

describe("a channel whose next frame never comes", () => {
  const opened = (): Channel => {
    const channel = new Channel(OPTIONS, systemClock.random);
    channel.open(0, "token");
    return channel;
  };

  it("holds a bounded number of frames, whatever it receives", () => {
    const random = randomOf(1);
    const channel = opened();
    const before = heldBytes();
    for (let count = 0; count < 40_000; count++) {
      const genuine = output(between(random, 1, 40_000), "x".repeat(between(random, 1, 1_024)));
      channel.receive(random() < 0.5 ? genuine : randomFrame(random, genuine), count);
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
    // This use keeps the channel reachable, so that the collection in `heldBytes` did not free what it holds.
    expect(channel.deadline()).toBeUndefined();
    expect(held).toBeLessThan(8 * MIB);
  });
});
