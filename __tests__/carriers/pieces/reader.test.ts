import { type PieceLimits, PieceReader } from "../../../src/carriers/pieces/reader.ts";
import type { ObjectToRead, PieceEvent, ReadAnswer } from "../../../src/carriers/pieces/piece-events.ts";
import { anObject, FOLDER } from "./folder.ts";

const MIB = 1024 * 1024;
const DENIED: ReadAnswer = { kind: "denied", why: "AccessDenied" };
const FAILED: ReadAnswer = { kind: "failed", why: "SlowDown" };

/** A reader with a bucket at its other end. Every read takes ten milliseconds. */
class ReaderRig {
  readonly objects = new Map<ObjectToRead, Buffer>();
  readonly events: PieceEvent[] = [];
  /** Each read, and when it began. */
  readonly reads: [ObjectToRead, number][] = [];
  /** What S3 answers to every read instead of the object. */
  weather: ReadAnswer | undefined;
  /** The most reads that were under way at once. */
  atOnce = 0;
  readonly reader: PieceReader;
  now = 0;

  constructor(
    options: {
      readonly longestPause?: number;
      readonly most?: number;
      readonly limits?: PieceLimits;
    } = {},
  ) {
    this.reader = new PieceReader(FOLDER, 0, 0, options);
  }

  put(name: ObjectToRead, bytes: Buffer): this {
    this.objects.set(name, bytes);
    return this;
  }

  /** Lets this many milliseconds pass. */
  pass(ms: number): this {
    const { reader } = this;
    for (const until = this.now + ms; this.now < until;) {
      const asked = reader.takeReads(this.now);
      this.atOnce = Math.max(this.atOnce, asked.length);
      this.reads.push(...asked.map((name): [ObjectToRead, number] => [name, this.now]));
      if (asked.length === 0) {
        this.now = Math.min(until, Math.max(reader.deadline(), this.now + 1));
        continue;
      }
      this.now += 10;
      for (const name of asked) {
        const bytes = this.objects.get(name);
        const answer: ReadAnswer = bytes === undefined ? { kind: "missing" } : { kind: "found", bytes };
        reader.answer(name, this.weather ?? answer, this.now);
        this.events.push(...reader.takeEvents());
      }
    }
    return this;
  }

  get said(): string[] {
    return this.events.map((event) => {
      switch (event.kind) {
        case "bytes":
          return `${event.begin}: ${event.bytes.length > 20 ? event.bytes.length : event.bytes.toString()}`;
        case "end":
          return `end ${event.length} ${event.text}`;
        case "stalled":
          return `stalled: ${event.reason}`;
        default:
          return event.kind;
      }
    });
  }
}

describe("a reader of pieces", () => {
  it("passes on each piece as it comes, and the end", () => {
    const rig = new ReaderRig().put(0, anObject("out", 0, 0, "one")).pass(1_000);
    expect(rig.said).toEqual(["proven", "0: one"]);
    rig
      .put(1, anObject("out", 1, 3, "two"))
      .put(2, anObject("end", 2, 6, "exited 0=0:1"))
      .pass(1_000);
    expect(rig.said).toEqual(["proven", "0: one", "3: two", "end 6 exited 0=0:1"]);
    expect(rig.reader.takeReads(rig.now + 100_000)).toEqual([]);
    expect(rig.reader.deadline()).toBe(Infinity);
  });

  it("looks every two seconds in the end, when its longest pause is two seconds", () => {
    const rig = new ReaderRig({ longestPause: 2_000 });
    rig.pass(60_000);
    const pieces = rig.reads.filter(([name]) => name === 0).map(([, at]) => at);
    expect(pieces.slice(0, 4)).toEqual([0, 210, 520, 980]);
    expect(pieces.length).toBeGreaterThanOrEqual(32);
    expect(pieces.length).toBeLessThanOrEqual(36);
  });

  it("looks five times a second at first, then twice", () => {
    const rig = new ReaderRig().pass(3_000);
    const begun = rig.reads.map(([, at]) => at);
    const pauses = begun.slice(1).map((at, i) => at - (begun[i] ?? 0));
    expect(pauses.slice(0, 5)).toEqual([210, 310, 460, 510, 510]);
    rig.put(0, anObject("out", 0, 0, "x")).pass(600);
    const [, found] = rig.reads.findLast(([name]) => name === 0) ?? [];
    const next = rig.reads.filter(([name]) => name === 1).map(([, at]) => at - (found ?? 0));
    expect(next.slice(0, 2)).toEqual([10, 220]);
  });

  it("reads two ahead while pieces are large, and passes them on in order", () => {
    const rig = new ReaderRig();
    for (let n = 0; n < 6; n += 1) rig.put(n, anObject("out", n, n * MIB, Buffer.alloc(MIB, n + 65)));
    rig.pass(60);
    expect(rig.atOnce).toBe(3);
    expect(rig.said).toEqual(["proven", ...[0, 1, 2, 3, 4, 5].map((n) => `${n * MIB}: ${MIB}`)]);
  });

  it("has one piece at a time when its job may have no more, also while it looks behind a missing one", () => {
    const rig = new ReaderRig({ limits: { size: MIB, ahead: 0 } });
    for (const n of [0, 1, 3]) rig.put(n, anObject("out", n, n * MIB, Buffer.alloc(MIB, n + 65)));
    rig.pass(5_500);
    rig.put(2, anObject("out", 2, 2 * MIB, Buffer.alloc(MIB, "c"))).pass(1_500);
    expect(rig.said).toEqual(["proven", ...[0, 1, 2, 3].map((n) => `${n * MIB}: ${MIB}`)]);
    // The piece behind the missing one was looked for, and read again when it was the next one.
    expect(rig.reads.filter(([name]) => name === 3).length).toBeGreaterThan(1);
  });

  it("takes a heartbeat as a proof, and follows a silent job on", () => {
    const rig = new ReaderRig().put("alive", anObject("alive", 1, 0, "")).pass(31_000);
    expect(rig.said).toEqual(["proven"]);
    for (let beat = 2; beat < 20; beat += 1) rig.put("alive", anObject("alive", beat, 0, "")).pass(30_000);
    expect(rig.said).toEqual(["proven"]);
    expect(rig.reads.filter(([name]) => name === "alive").length).toBeLessThan(25);
  });

  it.each<[string, (rig: ReaderRig) => void, string, number]>([
    ["gets no object", () => undefined, "silent", 95_000],
    [
      "has the same heartbeat again and again",
      (rig) => rig.put("alive", anObject("alive", 4, 0, "")).pass(31_000),
      "silent",
      130_000,
    ],
    ["has a forged piece", (rig) => rig.put(0, Buffer.from("fx1 out 0 0 1 0\nx")), "forged", 4_000],
    [
      "has an authentic piece in another's place",
      (rig) => rig.put(0, anObject("out", 1, 3, "two")),
      "forged",
      4_000,
    ],
    ["has a heartbeat in a piece's place", (rig) => rig.put(0, anObject("alive", 0, 0, "")), "forged", 4_000],
    [
      "lacks a piece, as the heartbeat shows",
      (rig) => rig.put("alive", anObject("alive", 1, 5, "")),
      "hole",
      34_000,
    ],
    [
      "lacks a piece, as the next one shows",
      (rig) => rig.put(1, anObject("out", 1, 3, "two")),
      "hole",
      9_000,
    ],
    [
      "goes on at another byte",
      (rig) => rig.put(0, anObject("out", 0, 0, "one")).put(1, anObject("out", 1, 4, "x")),
      "hole",
      1_000,
    ],
    ["is out of reach", (rig) => void (rig.weather = FAILED), "unreachable", 32_000],
    [
      "is denied after it was not",
      (rig) => {
        rig.pass(100);
        rig.weather = DENIED;
      },
      "denied",
      32_000,
    ],
    // Without s3:ListBucket S3 denies what is only missing.
    ["was denied from the beginning", (rig) => void (rig.weather = DENIED), "silent", 95_000],
  ])("gives up a folder that %s", (_, prepare, reason, within) => {
    const rig = new ReaderRig();
    prepare(rig);
    rig.pass(within);
    expect(rig.said.at(-1)).toBe(`stalled: ${reason}`);
    expect(rig.said.filter((word) => word.startsWith("stalled"))).toHaveLength(1);
  });

  it.each([
    ["failures of S3 for a while", FAILED],
    ["denials by S3 for a while", DENIED],
  ])("goes on where it was after %s", (_, weather) => {
    const rig = new ReaderRig().put(0, anObject("out", 0, 0, "one")).pass(1_000);
    rig.weather = weather;
    rig.pass(28_000).put(1, anObject("out", 1, 3, "two"));
    rig.weather = undefined;
    expect(rig.pass(1_500).said).toEqual(["proven", "0: one", "3: two"]);
  });

  it("does not add up two short failures, when S3 denies what is only missing", () => {
    const rig = new ReaderRig();
    for (const [weather, ms] of [
      [FAILED, 2_000],
      [DENIED, 29_000],
      [FAILED, 2_000],
    ] as const) {
      rig.weather = weather;
      rig.pass(ms);
    }
    rig.weather = undefined;
    expect(rig.put(0, anObject("out", 0, 0, "one")).pass(1_500).said).toEqual(["proven", "0: one"]);
  });

  it("sees no hole when a piece was uploaded between two reads", () => {
    const { reader } = new ReaderRig();
    const found = (name: number, bytes: Buffer, now: number): void =>
      reader.answer(name, { kind: "found", bytes }, now);
    expect(reader.takeReads(0)).toEqual([0]);
    reader.answer(0, { kind: "missing" }, 10);
    expect(reader.takeReads(5_010)).toEqual([0, 1]);
    found(1, anObject("out", 1, 3, "two"), 5_020);
    // This answer is older than the other one.
    reader.answer(0, { kind: "missing" }, 5_021);
    expect(reader.takeReads(reader.deadline())).toEqual([0]);
    found(0, anObject("out", 0, 0, "one"), 6_100);
    expect(reader.takeEvents().map(({ kind }) => kind)).toEqual(["proven", "bytes", "bytes"]);
  });

  it.each([
    [3, ["proven", "0: a", "1: b", "end 2 exited 0=0:1"]],
    [2, ["proven", "0: a", "1: b", "stalled: excess"]],
  ])("reads %s pieces at most, however many the container uploads", (most, said) => {
    const rig = new ReaderRig({ most })
      .put(0, anObject("out", 0, 0, "a"))
      .put(1, anObject("out", 1, 1, "b"))
      .put(2, anObject("end", 2, 2, "exited 0=0:1"))
      .pass(2_000);
    expect(rig.said).toEqual(said);
  });

  it("goes on after the bytes that a session has brought", () => {
    const rig = new ReaderRig().put(0, anObject("out", 0, 0, "one"));
    rig.reader.confirm(9);
    rig.put("alive", anObject("alive", 1, 9, "")).pass(40_000);
    expect(rig.put(1, anObject("out", 1, 9, "ten")).pass(1_000).said).toEqual(["proven", "0: one", "9: ten"]);
    expect(
      rig
        .put(2, anObject("out", 2, 13, "x"))
        .pass(1_000)
        .said.at(-1),
    ).toBe("stalled: hole");
  });

  it.each<[string, (rig: ReaderRig) => void, string[]]>([
    ["all that there is", () => undefined, ["exhausted"]],
    [
      "what came last",
      (rig) => rig.put(1, anObject("out", 1, 3, "two")).put(2, anObject("out", 2, 6, "six")),
      ["3: two", "6: six", "exhausted"],
    ],
    ["the end", (rig) => rig.put(1, anObject("end", 1, 3, "exited 0=0:1")), ["end 3 exited 0=0:1"]],
    ["no piece behind a missing one", (rig) => rig.put(2, anObject("out", 2, 6, "six")), ["exhausted"]],
  ])("reads, once no more will come, %s", (_, prepare, said) => {
    const rig = new ReaderRig().put(0, anObject("out", 0, 0, "one")).pass(2_000);
    prepare(rig);
    rig.reader.finish(rig.now);
    expect(rig.pass(1_000).said.slice(2)).toEqual(said);
  });
});
