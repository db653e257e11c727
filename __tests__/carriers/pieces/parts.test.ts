import { systemClock } from "../../../src/clock.ts";
import { newFolder, type OrderedFolder } from "../../../src/carriers/pieces/orders.ts";
import { PartReader } from "../../../src/carriers/pieces/parts.ts";
import { sealPiece } from "../../../src/carriers/pieces/format.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const FOLDER = newFolder("ci/", systemClock.random);
const LATER = newFolder("ci/", systemClock.random);
const body = Buffer.from("a part of an archive");
const seal = (folder: OrderedFolder, number: number, kind: "part" | "out" = "part"): Buffer =>
  sealPiece(folder, { kind, number, begin: 0, body });

interface Bucket {
  /** What S3 gives for a key, at each read. */
  readonly answer: (key: string, reads: number) => Uint8Array | Error | undefined;
  readonly retries?: number;
}

/** Reads these parts one after the other from a job with two orders. */
async function read(numbers: readonly number[], { answer, retries = 90 }: Bucket) {
  const clock = new SteppedClock();
  const keys: string[] = [];
  const reader = new PartReader({
    ...{ clock, over: new AbortController().signal, bucket: { bucket: "b" }, retries },
    folders: () => [FOLDER, LATER],
    s3: {
      getVersion: ({ key }) => {
        const found = answer(key, keys.push(key));
        if (found instanceof Error) return Promise.reject(found);
        return Promise.resolve(
          found && { bytes: found, etag: "e", versionId: undefined, modified: 0, age: 0 },
        );
      },
    },
  });
  const state = { isOver: false };
  const reading = (async () => {
    const found: (Buffer | string)[] = [];
    for (const number of numbers)
      found.push(await reader.read(number).catch((error: unknown) => (error as Error).message));
    return found;
  })().finally(() => void (state.isOver = true));
  const began = clock.now();
  await clock.runUntil(() => state.isOver);
  return { found: await reading, keys, seconds: (clock.now() - began) / 1000 };
}

it("a part is read again while S3 fails, has no object or has another object in its place", async () => {
  const answers = [new Error("no route"), Buffer.from("planted"), undefined, seal(FOLDER, 3)];
  const { found, keys } = await read([3], {
    answer: (key) => (key.startsWith(FOLDER.prefix) ? answers.shift() : undefined),
  });
  expect(found).toEqual([body]);
  expect(new Set(keys)).toEqual(new Set([`${FOLDER.prefix}part.3`, `${LATER.prefix}part.3`]));
});

it.each([
  ["bytes without a seal", body, /part 3 .* another object/],
  ["another part", seal(FOLDER, 4), /another object is in its place/],
  ["an authentic object of another kind", seal(FOLDER, 3, "out"), /another object is in its place/],
  [
    "the part of another folder",
    seal(newFolder("ci/", systemClock.random), 3),
    /another object is in its place/,
  ],
  ["no object", undefined, /it is not there/],
])("a part is given up after some time when S3 has %s", async (_, planted, why) => {
  const { found, seconds } = await read([3], { answer: () => planted });
  expect(found).toEqual([expect.stringMatching(why)]);
  expect(seconds).toBeGreaterThanOrEqual(30);
  expect(seconds).toBeLessThan(120);
});

it("a later order has the parts behind those of the order before it, whose folder is not asked again", async () => {
  const { found, keys } = await read([0, 1, 2], {
    answer: (key) =>
      key === `${FOLDER.prefix}part.0`
        ? seal(FOLDER, 0)
        : key.startsWith(LATER.prefix)
          ? seal(LATER, Number(key.split(".")[1]))
          : undefined,
  });
  expect(found).toEqual([body, body, body]);
  expect(
    keys.map((key) =>
      key.slice(3 + "output/".length).replace(/^[^/]*/, (job) => (job === FOLDER.job ? "first" : "later")),
    ),
  ).toEqual(["first/part.0", "first/part.1", "later/part.1", "later/part.2"]);
});

it.each([
  [2, ["it is not there", 8]],
  [3, [body, 9]],
] as const)(
  "with %s retries all parts together are waited for so often and not once more",
  async (retries, [last, reads]) => {
    // Each of three parts is missing at first, in both folders.
    const seen = new Set<string>();
    const { found, keys } = await read([0, 1, 2], {
      retries,
      answer: (key) => {
        if (key.startsWith(LATER.prefix) || !seen.has(key)) return void seen.add(key);
        return seal(FOLDER, Number(key.split(".")[1]));
      },
    });
    expect(found.slice(0, 2)).toEqual([body, body]);
    expect(found[2]).toEqual(typeof last === "string" ? expect.stringContaining(last) : last);
    expect(keys).toHaveLength(reads);
  },
);
