import { createHash } from "node:crypto";
import { type ArchivePart, readPart } from "../../src/pieces/parts.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const JOB = "0123456789abcdef0123456789abcdef";
const bytes = Buffer.from("a part of an archive");
const part: ArchivePart = {
  ...{ job: JOB, number: 3, length: bytes.length },
  sha256: createHash("sha256").update(bytes).digest("hex"),
};

/**
 * Reads the part from a bucket that gives `answers` one by one, and the last one from then on.
 */
async function read(answers: readonly (Uint8Array | Error | undefined)[], wanted = part) {
  const clock = new SteppedClock();
  const keys: string[] = [];
  const over = new AbortController();
  const state = { isOver: false };
  const reading = readPart(wanted, {
    clock,
    over: over.signal,
    folderOf: (job) =>
      job === JOB ? { bucket: "b", owner: undefined, prefix: `ci/output/${JOB}/` } : undefined,
    s3: {
      getVersion: (object) => {
        const answer = answers[Math.min(keys.push(object.key), answers.length) - 1];
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve(
          answer && { bytes: answer, etag: "e", versionId: undefined, modified: 0, age: 0 },
        );
      },
    },
  }).finally(() => void (state.isOver = true));
  reading.catch(() => undefined);
  const began = clock.now();
  await clock.runUntil(() => state.isOver);
  return { reading, keys, seconds: (clock.now() - began) / 1000 };
}

it("a part is read again while S3 fails, has no object or has another object in its place", async () => {
  const { reading, keys } = await read([new Error("no route"), Buffer.from("planted"), undefined, bytes]);
  expect((await reading).equals(bytes)).toBe(true);
  expect(keys).toEqual(Array.from({ length: 4 }, () => `ci/output/${JOB}/parts/3`));
});

it.each([
  ["another object of the same length", Buffer.alloc(bytes.length), /part 3 .* another object/],
  ["a longer object", Buffer.alloc(bytes.length + 1), /another object is in its place/],
  ["no object", undefined, /it is not there/],
])("a part is given up after half a minute when S3 has %s", async (_, planted, why) => {
  const { reading, seconds } = await read([planted]);
  await expect(reading).rejects.toThrow(why);
  expect(seconds).toBeGreaterThanOrEqual(30);
  expect(seconds).toBeLessThan(60);
});

it("a part in a folder that this step does not know is never read", async () => {
  const { reading, keys } = await read([bytes], { ...part, job: "f".repeat(32) });
  await expect(reading).rejects.toThrow("a folder that this step does not know");
  expect(keys).toEqual([]);
});
