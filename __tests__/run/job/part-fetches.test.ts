import { systemClock } from "../../../src/clock.ts";
import { ByteFlow } from "../../../src/run/job/byte-flow.ts";
import { PartFetches } from "../../../src/run/job/part-fetches.ts";
import { PartSlots } from "../../../src/carriers/pieces/part-slots.ts";
import { sealPiece } from "../../../src/carriers/pieces/format.ts";
import { newFolder } from "../../../src/carriers/pieces/orders.ts";
import { PartReader } from "../../../src/carriers/pieces/parts.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const READ_MS = 50;
const body = Buffer.from("a part of an archive");
const folder = newFolder("ci/", systemClock.random);

/** A job whose container names so many parts, and has uploaded those with these numbers. Reading one from S3 takes a moment. */
class Job {
  readonly flow = new ByteFlow(() => undefined);
  readonly readAt: number[] = [];

  constructor(clock: SteppedClock, slots: PartSlots, named: number, has: (number: number) => boolean) {
    const reader = new PartReader({
      ...{ clock, bucket: { bucket: "b" }, retries: 90, over: new AbortController().signal },
      folders: () => [folder],
      s3: {
        getVersion: async ({ key }) => {
          await clock.sleep(READ_MS);
          const number = Number(key.split(".").at(-1));
          this.readAt.push(clock.now());
          const bytes = sealPiece(folder, { kind: "part", number, begin: 0, body });
          return has(number) ? { bytes, etag: "e", versionId: undefined, modified: 0, age: 0 } : undefined;
        },
      },
    });
    const parts = new PartFetches(slots.forJob(), (number, withoutSlot) => reader.read(number, withoutSlot));
    for (let number = 0; number < named; number += 1) this.flow.push(parts.part(number));
    this.flow.end();
  }

  async read(): Promise<number> {
    let count = 0;
    for await (const bytes of this.flow) if (bytes.equals(body)) count += 1;
    return count;
  }
}

it.each([
  ["names parts that it never uploads", () => false],
  ["has uploaded all parts but the first", (number: number) => number > 0],
] as const)(
  "a job waits for its first part no longer with 60 others than with 2, whose container %s",
  async (_, has) => {
    const waited: number[] = [];
    for (const others of [2, 60]) {
      const clock = new SteppedClock();
      const slots = new PartSlots();
      for (let i = 0; i < others; i += 1) void new Job(clock, slots, 6, has).read();
      // The others have all asked for their first part by now.
      const began = clock.now();
      await clock.runUntil(() => clock.now() >= began + 2_000);
      const asked = clock.now();
      const innocent = new Job(clock, slots, 6, () => true);
      const reading = innocent.read();
      await clock.runUntil(() => innocent.readAt.length === 6);
      expect(await reading).toBe(6);
      waited.push((innocent.readAt[0] ?? NaN) - asked);
    }
    expect(Math.max(...waited)).toBeLessThan(1_000);
  },
);

it("a job whose reads were not in vain has several parts at a time", async () => {
  const clock = new SteppedClock();
  const job = new Job(clock, new PartSlots(), 6, () => true);
  const began = clock.now();
  const state = { count: 0 };
  void job.read().then((count) => (state.count = count));
  await clock.runUntil(() => state.count === 6);
  expect(clock.now() - began).toBeLessThanOrEqual(3 * READ_MS);
});

it("a part that comes late costs the parts behind it one more read each at most, and all of them come", async () => {
  const clock = new SteppedClock();
  const began = clock.now();
  const job = new Job(clock, new PartSlots(), 8, (number) => number !== 2 || clock.now() > began + 5_000);
  const state = { count: 0 };
  void job.read().then((count) => (state.count = count));
  await clock.runUntil(() => state.count === 8);
  expect(job.readAt.length).toBeLessThanOrEqual(8 + 6 + 2);
});
