import fc from "fast-check";
import { Channel } from "../../src/channel/channel.ts";
import type { Frame } from "../../src/channel/types.ts";
import { AgentModel } from "./agent-model.ts";
import type { LinkFaults } from "./link.ts";
import { Link, randomOf } from "./link.ts";

const STEP_MS = 10;
const PATIENCE_MS = 10 * 60_000;
const START = 1_700_000_000_000;
const KEY = Buffer.from(Array.from({ length: 64 }, (_none, index) => index));

interface Scene {
  readonly seed: number;
  readonly encrypted: boolean;
  readonly up: LinkFaults;
  readonly down: LinkFaults;
  /** Milliseconds after the start at which the connection is cut and made again. */
  readonly cuts: readonly number[];
  readonly lines: number;
  readonly inputs: readonly number[];
}

const faults = fc.record({
  drop: fc.double({ min: 0, max: 0.4, noNaN: true }),
  double: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delay: fc.integer({ min: 0, max: 150 }),
  jitter: fc.integer({ min: 0, max: 600 }),
});
const scene: fc.Arbitrary<Scene> = fc.record({
  seed: fc.integer(),
  encrypted: fc.boolean(),
  up: faults,
  down: faults,
  cuts: fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 3 }),
  lines: fc.integer({ min: 1, max: 60 }),
  inputs: fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 12 }),
});

/** Runs both ends until all has arrived, or ten minutes by the stepped clock. */
function play({ seed, encrypted, up, down, cuts, lines, inputs }: Scene): {
  expected: unknown;
  seen: unknown;
  repeats: number;
} {
  const random = randomOf(seed);
  const agent = new AgentModel({ key: encrypted ? KEY : undefined, ptyOpenAt: START + 1_000 });
  const channel = new Channel({ sessionId: "ecs-execute-command-1", targetId: "ecs:c_t_r" });
  const toAgent = new Link<Frame>(up, random);
  const toClient = new Link<Frame>(down, random);
  channel.open(START, "token");

  const toPrint = Array.from({ length: lines }, (_none, index) => `line ${index}\r\n`);
  const toType = inputs.map((length, index) => `${index}:`.padEnd(length, String.fromCharCode(97 + index)));
  const expected = { shown: toPrint.join(""), typed: toType.join(""), trouble: [] };
  const seen = { shown: "", trouble: [] as unknown[] };
  const total = Buffer.byteLength(expected.typed);
  const everSent = new Set<Frame>();
  let repeats = 0;
  let acked = 0;
  let position = 0;

  for (let now = START; now < START + PATIENCE_MS; now += STEP_MS) {
    if (cuts.some((cut) => now - STEP_MS < START + cut && START + cut <= now)) {
      toAgent.cut();
      toClient.cut();
      channel.open(now, "token");
    }
    agent.tick(now);
    if (agent.ready && toPrint.length > 0) agent.print(toPrint.shift() ?? "");
    const typing = random() < 0.2 ? toType.shift() : undefined;
    if (typing !== undefined) position = channel.send(Buffer.from(typing), now);
    const deadline = channel.deadline();
    if (deadline !== undefined && deadline <= now) channel.tick(now);

    const frames = channel.takeFrames().filter((each) => typeof each !== "string");
    for (const each of frames) {
      if (everSent.has(each)) repeats++;
      everSent.add(each);
    }
    toAgent.send(frames, now);
    for (const each of toAgent.take(now)) agent.receive(each as Uint8Array);
    toClient.send(agent.out.splice(0), now);
    for (const each of toClient.take(now)) channel.receive(each, now);

    for (const event of channel.takeEvents()) {
      if (event.kind === "output") seen.shown += Buffer.from(event.bytes).toString();
      else if (event.kind === "acked") acked = event.position;
      else if (event.kind === "data-key-wanted") {
        channel.provideDataKey({ plaintext: KEY, ciphertext: Buffer.from("blob") }, now);
      } else if (event.kind !== "handshake-complete") seen.trouble.push(event);
    }
    const arrived = toPrint.length === 0 && toType.length === 0 && acked === total && agent.allAcknowledged;
    if (arrived && channel.deadline() === undefined) break;
  }
  return {
    expected: { ...expected, acked: total, position: total },
    seen: { ...seen, typed: agent.typed, acked, position },
    repeats,
  };
}

describe("a channel and an agent over a link that drops, doubles, delays, reorders and breaks", () => {
  it("shows the output, and types the input, whole, once and in order", () => {
    fc.assert(
      fc.property(scene, (each) => {
        const { expected, seen } = play(each);
        expect(seen).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it("needs no repeats on a link without faults", () => {
    const fine: LinkFaults = { drop: 0, double: 0, delay: 20, jitter: 0 };
    const { expected, seen, repeats } = play({
      seed: 1,
      encrypted: false,
      up: fine,
      down: fine,
      cuts: [],
      lines: 20,
      inputs: [3_000, 10],
    });
    expect(seen).toEqual(expected);
    expect(repeats).toBe(0);
  });
});
