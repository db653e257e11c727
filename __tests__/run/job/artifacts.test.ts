import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { JobArtifacts, type JobArtifactsOptions } from "../../../src/run/job/artifacts.ts";
import { Unsettled } from "../../../src/run/job/unsettled.ts";
import type { OutputItem } from "../../../src/carriers/stream/items.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";

const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
let scratch: string;
let archive: Buffer;
/** 320 kB that gzip can't make smaller, the same in each run. */
const big = Buffer.concat(
  Array.from({ length: 10_000 }, (_, i) => createHash("sha256").update(String(i)).digest()),
);
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "fx-job-artifacts-"));
  mkdirSync(join(scratch, "from"));
  writeFileSync(join(scratch, "from/a"), "small");
  writeFileSync(join(scratch, "from/b"), big);
  archive = execFileSync("tar", ["-czC", join(scratch, "from"), "a", "b"]);
});
afterEach(() => rmSync(scratch, { recursive: true }));

function receive(
  more: Partial<Pick<JobArtifactsOptions, "readPart" | "onProgress" | "folder" | "hasItems">> = {},
  patterns = ["a", "b"],
): JobArtifacts {
  return new JobArtifacts({
    artifacts: {
      ...{
        globs: patterns.map((pattern) => ({ pattern, isExclusion: false })),
        directory: join(scratch, "back"),
        within: [scratch],
        maxCount: 10,
        maxBytes: 1 << 30,
      },
      missing: "warn",
    },
    ...{ folder: undefined, workspace: scratch, clock: systemClock, gunzip: realWorld.gunzip },
    readPart: () => Promise.reject(new Error("there is no part")),
    step: new StepBudget(),
    onListed: () => undefined,
    ...more,
  });
}

/** Takes the archive in chunks of 50,000 bytes, every other one as a part in S3. */
async function take(
  readPart: (number: number, bytes: Buffer) => Promise<Buffer>,
  onProgress?: (done: number) => void,
) {
  const parts = new Map<number, Buffer>();
  const received = receive({
    readPart: (number) => readPart(number, parts.get(number) ?? Buffer.alloc(0)),
    onProgress,
  });
  const output = new Unsettled(new StepBudget().memory, { artifacts: received });
  for (const text of ['list 5 "a"', 'list 320000 "b"']) output.take({ kind: "artifact-fact", text });
  for (let at = 0, number = 0; at < archive.length; at += 50_000, number += 1) {
    const bytes = archive.subarray(at, at + 50_000);
    if (number % 2 === 0) parts.set(number, bytes);
    else output.take({ kind: "artifact-bytes", bytes });
    output.take({ kind: "artifact-fact", text: number % 2 === 0 ? "part" : "no-part" });
  }
  output.take({ kind: "artifact-fact", text: `end ${archive.length} ${sha(archive)}` });
  output.settle();
  await received.drained();
  return await received.end();
}

describe("what no carrier has confirmed", () => {
  const third = 110_000;
  const bytes = (from: number, to?: number) =>
    ({ kind: "artifact-bytes", bytes: archive.subarray(from, to) }) as const;
  const itemOf = (name: "middle" | "rest" | "gap" | "confirmed"): OutputItem => {
    if (name === "middle") return bytes(third, 2 * third);
    if (name === "rest") return bytes(2 * third);
    return name === "gap" ? { kind: name, expected: 0, got: 1, offset: 0 } : { kind: name };
  };

  it.each([
    ["is forgotten when the carrier is lost, and comes again", ["middle", "gap", "middle", "rest"], true],
    ["is kept when the job's end is known", ["middle", "rest"], true],
    ["is not kept when the job's end is not known", ["middle", "rest"], false],
    [
      "is kept once it is confirmed, though the job's end is not known",
      ["middle", "rest", "confirmed"],
      false,
    ],
  ] as const)("%s", async (what, items, isEndKnown) => {
    const received = receive();
    const output = new Unsettled(new StepBudget().memory, { artifacts: received });
    output.take(bytes(0, third));
    output.take({ kind: "confirmed" });
    for (const item of items) output.take(itemOf(item));
    if (isEndKnown) output.settle();
    else output.settleItems();
    const { count } = await received.end();
    // The first third has the small file.
    expect(count).toBe(what.startsWith("is not kept") ? 1 : 2);
    expect(readFileSync(join(scratch, "back/a"), "utf8")).toBe("small");
    expect(count === 1 || readFileSync(join(scratch, "back/b")).equals(big)).toBe(true);
  });
});

it("tells how many bytes of the archive have come, by either way", async () => {
  const told: number[] = [];
  await take(
    (_, bytes) => Promise.resolve(bytes),
    (done) => told.push(done),
  );
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(archive.length);
});

it("parts in S3 and records of the spool are one archive, and few parts are fetched at a time", async () => {
  let [now, most] = [0, 0];
  const report = await take(async (_, bytes) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    return bytes;
  });
  expect(report).toMatchObject({ count: 2, problems: [] });
  expect(readFileSync(join(scratch, "back/b")).equals(big)).toBe(true);
  expect(most).toBeLessThanOrEqual(3);
});

it("when a part of an archive can't be read, the files before it stay and the rest are named", async () => {
  const report = await take((number, bytes) =>
    number < 4 ? Promise.resolve(bytes) : Promise.reject(new Error("part 4 is not there")),
  );
  expect(readFileSync(join(scratch, "back/a"), "utf8")).toBe("small");
  expect(existsSync(join(scratch, "back/b"))).toBe(false);
  expect(report.problems).toEqual([
    "The artifacts did not come whole: part 4 is not there. Missing: 'b' (320000 bytes).",
  ]);
});

it("a step that attaches to a job with artifacts, and gets none, says so", async () => {
  const directory = join(scratch, "back");
  const limits = { maxCount: 10, maxBytes: 1 << 30, missing: "warn" } as const;
  const received = new JobArtifacts({
    artifacts: { globs: [{ pattern: "a", isExclusion: false }], directory, within: [scratch], ...limits },
    ...{ folder: undefined, workspace: scratch, clock: systemClock, gunzip: realWorld.gunzip },
    readPart: () => Promise.reject(new Error("none")),
    step: new StepBudget(),
    onListed: () => undefined,
  });
  expect((await received.end()).problems).toEqual([
    "The artifacts did not come whole: the container did not send them.",
  ]);
});

describe("artifacts in the place of what comes of items", () => {
  const ITEM_NAMES = ["items/0/junit.xml", "items-2/0/junit.xml", "fargate-exec-items.jsonl"];
  const names = ["a", "items.txt", "sub/items/c", ...ITEM_NAMES];

  async function place(more: Pick<JobArtifactsOptions, "folder" | "hasItems">) {
    const from = join(scratch, "from");
    for (const name of names) {
      mkdirSync(join(from, name, ".."), { recursive: true });
      writeFileSync(join(from, name), "x");
    }
    const packed = execFileSync("tar", ["-czC", from, ...names]);
    const received = receive(more, ["**"]);
    const output = new Unsettled(new StepBudget().memory, { artifacts: received });
    output.take({ kind: "artifact-bytes", bytes: packed });
    output.take({ kind: "artifact-fact", text: `end ${packed.length} ${sha(packed)}` });
    output.settle();
    const report = await received.end();
    const placed = names.filter((name) => existsSync(join(report.taskPath, name)));
    return { placed, problems: report.problems };
  }

  it("are refused", async () => {
    const { placed, problems } = await place({ folder: undefined, hasItems: true });
    expect(placed).toEqual(["a", "items.txt", "sub/items/c"]);
    const why = "in 'artifacts-path' is for what items write into FARGATE_EXEC_ITEM_DIR";
    expect(problems).toEqual([
      `'items/0/junit.xml' was not unpacked: 'items' ${why}.`,
      `'items-2/0/junit.xml' was not unpacked: 'items-2' ${why}.`,
      "'fargate-exec-items.jsonl' was not unpacked: the step writes a file of this name.",
    ]);
  });

  it.each([
    ["in a step without items", { folder: undefined, hasItems: false }],
    ["in the directory of a task", { folder: "task-0", hasItems: true }],
  ])("are artifacts as others %s", async (_, more) => {
    expect(await place(more)).toEqual({ placed: names, problems: [] });
  });
});
