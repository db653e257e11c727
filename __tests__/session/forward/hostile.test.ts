import { deflateRawSync } from "node:zlib";
import { randomBuffer } from "../../../simulation/random.ts";
import { LONGEST_PACKET, numberBytes, PacketKind, Seal } from "../../../src/session/forward/packets.ts";
import { PIECE, WINDOW } from "../../../src/session/forward/stream.ts";
import { FrameKind, MOST_STREAMS } from "../../../src/session/forward/streams.ts";
import { randomOf } from "../../helpers/seeds.ts";
import { type Answer, ContainerHalf, KEY, RunnerHalf } from "./halves.ts";

const { open, opened, refused, data, end, reset, credit } = FrameKind;
const frame = (kind: number, of: number, rest: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.of(kind), numberBytes(of, 4), rest]);
const piece = (offset: number, bytes: Buffer, flag = 0): Buffer =>
  Buffer.concat([numberBytes(offset), Buffer.of(flag), bytes]);
const lengthOf = (length: number): readonly number[] => [length >> 14, (length >> 7) & 127, length & 127];
const bomb = deflateRawSync(Buffer.alloc(100 * PIECE));

/** Frames that no half may send once stream 1 is open, and what is said of them. */
const NEVER: readonly (readonly [string, readonly Buffer[], RegExp])[] = [
  ["a frame without a stream", [Buffer.of(data)], /too short/],
  ["a stream that was never opened", [frame(data, 7, piece(0, Buffer.from("x")))], /never opened/],
  ["data that leaves bytes out", [frame(data, 1, piece(5, Buffer.from("x")))], /go on/],
  [
    "data after its end",
    [frame(end, 1, numberBytes(0)), frame(data, 1, piece(0, Buffer.from("x")))],
    /go on/,
  ],
  ["an end that leaves bytes out", [frame(end, 1, numberBytes(5))], /does not fit/],
  ["empty data", [frame(data, 1, piece(0, Buffer.alloc(0)))], /go on|credit/],
  ["a piece that unpacks without bound", [frame(data, 1, piece(0, bomb, 1))], /packed data/],
  ["packed bytes that are none", [frame(data, 1, piece(0, Buffer.from("no"), 1))], /packed data/],
  ["credit for bytes that were never sent", [frame(credit, 1, numberBytes(1))], /does not fit/],
  ["a frame of no kind", [frame(99, 1)], /does not fit/],
  [
    "more data than the credit",
    Array.from({ length: WINDOW / PIECE + 1 }, (_, i) =>
      frame(data, 1, piece(i * PIECE, Buffer.alloc(PIECE))),
    ),
    /credit/,
  ],
];

/** A runner's half whose container says what the test says. */
class Forged {
  readonly half = new RunnerHalf();
  readonly #seal = new Seal(KEY, "c");
  #next = 0;

  constructor() {
    this.half.begin();
    this.half.receive(this.#seal.close(PacketKind.hello, 1, numberBytes(0)), 0);
  }

  say(...bodies: readonly Buffer[]): void {
    for (const body of bodies) this.half.receive(this.#seal.close(PacketKind.frame, this.#next++, body), 0);
  }
}

describe("the runner's half of a forward", () => {
  it.each(NEVER)("ends with a named error at %s", (_, bodies, words) => {
    const forged = new Forged();
    forged.half.streams.open(0);
    forged.say(frame(opened, 1));
    expect(() => forged.say(...bodies)).toThrow(words);
  });

  it.each([
    ["a length beyond the longest", Buffer.of(...lengthOf(LONGEST_PACKET + 1)), /no length/],
    ["a packet of no bytes", Buffer.of(0, 0, 0), /no length/],
    ["a mark without an end", Buffer.alloc(LONGEST_PACKET, "\x1b"), /too long/],
    ["text of another program", Buffer.from("Killed\n"), /no length/],
    ["a packet of another key", new Seal(randomBuffer(randomOf(1), 64), "c").close(1, 0), /no packet/],
    ["our own packet", new Seal(KEY, "r").close(PacketKind.frame, 0), /no packet/],
    ["a missing frame", new Seal(KEY, "c").close(PacketKind.frame, 3), /missing/],
  ])("takes %s for damage of the session", (_, bytes, words) => {
    const forged = new Forged();
    expect(() => forged.half.receive(bytes, 0)).toThrow(words);
  });

  it("tells why the container opened no connection, whatever number it gives", () => {
    const forged = new Forged();
    for (let i = 0; i < 3; i++) forged.half.streams.open(0);
    const said = [1, 2, 200].map((why, at) =>
      frame(refused, at + 1, Buffer.concat([Buffer.of(why), Buffer.from("w")])),
    );
    const seal = new Seal(KEY, "c");
    const events = said.flatMap((body, at) => forged.half.receive(seal.close(PacketKind.frame, at, body), 0));
    expect(events).toEqual([
      { kind: "refused", stream: 1, why: "unknown-name", text: "w" },
      { kind: "refused", stream: 2, why: "refused", text: "w" },
      { kind: "refused", stream: 3, why: "failed", text: "w" },
    ]);
  });

  it("opens no more streams than it may", () => {
    const { streams } = new Forged().half;
    for (let i = 0; i < MOST_STREAMS; i++) expect(streams.open(0)).toBe(i + 1);
    expect(streams.open(0)).toBeUndefined();
    streams.reset(1);
    expect(streams.open(0)).toBe(MOST_STREAMS + 1);
  });
});

describe("the container's half of a forward", () => {
  const seal = new Seal(KEY, "r");
  const halves: ContainerHalf[] = [];
  afterEach(() => {
    for (const half of halves.splice(0)) half.end();
  });

  async function say(bodies: readonly Buffer[]): Promise<Answer> {
    const half = new ContainerHalf();
    halves.push(half);
    const frames = bodies.map((body, at) => seal.close(PacketKind.frame, at, body));
    const greeting = seal.close(PacketKind.hello, 1, numberBytes(0));
    return await half.step({ session: true, in: Buffer.concat([greeting, ...frames]).toString("base64") });
  }

  it.each(NEVER)("ends with a named error at %s", async (_, bodies, words) => {
    const { error } = await say([frame(open, 1, numberBytes(1, 2)), ...bodies]);
    expect(error).toMatch(words);
  });

  it.each([
    ["an address that is not listed", [frame(open, 1, numberBytes(5, 2))], /not listed/],
    ["a stream twice", [1, 1].map((of) => frame(open, of, numberBytes(0, 2))), /out of order/],
    [
      "more streams than allowed",
      Array.from({ length: MOST_STREAMS + 1 }, (_, i) => frame(open, i + 1, numberBytes(1, 2))),
      /more than 256/,
    ],
    [
      "a runner that acknowledges nothing",
      Array.from({ length: 10_100 }, (_, i) => [
        frame(open, i + 1, numberBytes(1, 2)),
        frame(end, i + 1, numberBytes(0)),
        frame(reset, i + 1),
      ]).flat(),
      /acknowledges nothing/,
    ],
  ])("refuses %s", async (_, bodies, words) => {
    expect((await say(bodies)).error).toMatch(words);
  });

  it("lets one slow reader stop nobody else, and keeps no more than its credit", async () => {
    const runner = new RunnerHalf();
    const container = new ContainerHalf();
    halves.push(container);
    runner.begin();
    let [slow, quick, sent, echoed, held, session] = [0, 0, 0, 0, 0, true];
    const bytes = randomBuffer(randomOf(1), PIECE);
    for (let steps = 0; echoed < 400_000; steps++) {
      expect(steps).toBeLessThan(2_000);
      const answer = await container.step({
        session,
        in: runner.written(steps * 60).toString("base64"),
        seconds: 0.06,
      });
      session = false;
      held = Math.max(held, answer.held);
      for (const event of runner.receive(answer.out, steps * 60)) {
        if (event.kind !== "data") continue;
        runner.streams.consumed(event.stream, event.bytes.length);
        echoed += event.bytes.length;
      }
      if (slow === 0 && runner.link.isGreeted)
        [slow, quick] = [1, 0].map((to) => runner.streams.open(to) ?? 0) as [number, number];
      const of = steps % 2 === 0 ? slow : quick;
      const count = slow === 0 ? 0 : runner.streams.allowed(of);
      if (count > 0) runner.streams.send(of, bytes.subarray(0, count));
      if (of === slow) sent += count;
    }
    expect(sent).toBe(WINDOW);
    expect(held).toBeLessThanOrEqual(2 * WINDOW);
  });
});
