import { parseRecord } from "../../../../src/run/items/rerun/record.ts";
import {
  recordKey,
  RecordObject,
  type RecordObjectOptions,
} from "../../../../src/run/items/rerun/record-object.ts";
import { recordName } from "../../../../src/run/items/rerun/key.ts";
import type { ItemEnd } from "../../../../src/run/items/rerun/earlier-runs.ts";
import { accessDenied, Bucket } from "../../../queue/bucket.ts";
import { Listener } from "../../../helpers/listener.ts";
import { SteppedClock } from "../../../helpers/stepped-clock.ts";

const PROGRAM = { definition: "arn:d:1", image: "sha256:1" };
const KEY = "k".repeat(64);
const SAME = "another step of this attempt has the same script, items and inputs";
const ORIGIN = {
  ...{ repository: "o/r", runId: "7", step: "__run", url: "https://github.com/o/r/actions/runs/7" },
  variables: { GITHUB_JOB: "test" },
};
const OBJECT = recordKey("p/", recordName(KEY, ORIGIN, undefined));

const ended = (index: number, more: Partial<ItemEnd> = {}): ItemEnd => ({
  ...{ index, item: `secret text ${index}`, outcome: "succeeded", exitCode: 0, seconds: 1.5, attempts: 1 },
  ...{ task: 0, worker: 1, ...more },
});

/** A workflow's run, whose attempts write to one bucket. */
class Run {
  readonly clock = new SteppedClock();
  readonly bucket = new Bucket(this.clock);
  readonly log = new Listener();
  #writers = 0;

  attempt(number: number, more: Partial<RecordObjectOptions> = {}): RecordObject {
    this.#writers += 1;
    return new RecordObject({
      inputs: { bucket: "b", prefix: "p/", kmsKeyId: undefined, matrix: undefined, artifacts: undefined },
      origin: { ...ORIGIN, id: `writer-${this.#writers}`, runAttempt: String(number) },
      ...{ owner: Promise.resolve(undefined), s3: this.bucket, clock: this.clock, log: this.log },
      ...{ cancel: new AbortController().signal, runsAll: undefined, ...more },
    });
  }

  /** An attempt in which these items succeed. */
  async ends(number: number, ...indices: readonly number[]): Promise<void> {
    const attempt = this.attempt(number);
    await attempt.recall(KEY, 5);
    await attempt.begin([]);
    attempt.ranIn(PROGRAM);
    for (const index of indices) attempt.note(ended(index));
    await attempt.close();
  }

  get stored(): ReturnType<typeof parseRecord> {
    const object = this.bucket.objects.get(OBJECT);
    return object && parseRecord(object.bytes, 5);
  }
}

let run: Run;
beforeEach(() => {
  run = new Run();
});

it("the next attempt knows which items have succeeded, and in what they ran", async () => {
  await run.ends(1, 0, 2);
  const { runs, why } = await run.attempt(2).recall(KEY, 5);
  expect(why).toBeUndefined();
  expect(runs).toMatchObject([{ number: 1, program: PROGRAM }]);
  expect([...(runs[0]?.ended.values() ?? [])]).toEqual([
    { index: 0, seconds: 1.5, attempts: 1, task: 0, worker: 1, run: 1 },
    { index: 2, seconds: 1.5, attempts: 1, task: 0, worker: 1, run: 1 },
  ]);
});

it("a first attempt reads nothing", async () => {
  const first = run.attempt(1);
  expect(await first.recall(KEY, 5)).toEqual({ runs: [] });
  expect(run.bucket.calls).toEqual([]);
});

it("an item that has succeeded and then fails is not kept", async () => {
  const attempt = run.attempt(1);
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  attempt.note(ended(0));
  attempt.note(ended(1, { outcome: "failed", exitCode: 1 }));
  attempt.note(ended(0, { outcome: "unknown", exitCode: undefined }));
  await attempt.close();
  expect(run.stored?.successes).toEqual([]);
});

const ARTIFACTS = { globs: [] } as unknown as RecordObjectOptions["inputs"]["artifacts"];

it.each([
  ["has written into its directory", undefined, true],
  ["may have written artifacts", ARTIFACTS, false],
])(
  "an item that %s is kept once the step has ended: a lost runner takes the files with it",
  async (_, artifacts, hasFiles) => {
    await run.ends(1, 1);
    const inputs = { bucket: "b", prefix: "p/", kmsKeyId: undefined, matrix: undefined, artifacts };
    const second = run.attempt(2, { inputs });
    const { runs } = await second.recall(KEY, 5);
    await second.begin([...(runs[0]?.ended.values() ?? [])].filter((each) => each !== undefined));
    second.ranIn(PROGRAM);
    second.note(ended(0, { hasFiles }));
    await run.clock.turn();
    run.clock.advance(10_000);
    await run.clock.turn();
    expect(run.stored).toMatchObject({ attempt: 2, successes: [{ index: 1, run: 1 }] });
    await second.close();
    expect(run.stored?.successes.map(({ index }) => index)).toEqual([1, 0]);
  },
);

it("an end is written within five seconds, and many of them at once", async () => {
  const attempt = run.attempt(1);
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  await run.clock.turn();
  expect(run.stored?.successes).toEqual([]);
  for (const index of [0, 1, 2]) attempt.note(ended(index));
  await run.clock.turn();
  run.clock.advance(4_000);
  await run.clock.turn();
  expect(run.stored?.successes.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(run.bucket.calls.filter((call) => call === "PutObject")).toHaveLength(2);
  attempt.note(ended(3));
  await run.clock.turn();
  run.clock.advance(4_000);
  await run.clock.turn();
  expect(run.stored?.successes).toHaveLength(4);
  await attempt.close();
});

it("the record has no text of an item", async () => {
  await run.ends(1, 0);
  expect(Buffer.from(run.bucket.objects.get(OBJECT)?.bytes ?? []).toString()).not.toContain("secret text");
});

it("what is carried over is in the record before anything is handed out", async () => {
  await run.ends(1, 0, 2);
  const second = run.attempt(2);
  const { runs } = await second.recall(KEY, 5);
  second.ranIn(PROGRAM);
  await run.clock.turn();
  run.clock.advance(10_000);
  await run.clock.turn();
  expect(run.stored?.attempt).toBe(1);
  const carried = [...(runs[0]?.ended.values() ?? [])].filter((one) => one !== undefined);
  expect(await second.begin(carried)).toBeUndefined();
  expect(run.stored).toMatchObject({ attempt: 2, program: PROGRAM, successes: carried });
  await second.close();
  const third = await run.attempt(3).recall(KEY, 5);
  expect([...(third.runs[0]?.ended.keys() ?? [])]).toEqual([0, 2]);
});

describe("two steps of one attempt with the same key", () => {
  it.each([1, 2])("leave nothing to trust, in attempt %i", async (number) => {
    if (number === 2) await run.ends(1, 0);
    const [one, other] = [run.attempt(number), run.attempt(number)];
    const [found] = await Promise.all([one.recall(KEY, 5), other.recall(KEY, 5)]);
    const carried = [...(found.runs[0]?.ended.values() ?? [])].filter((each) => each !== undefined);
    expect(await one.begin(carried)).toBeUndefined();
    expect(await other.begin(carried)).toBe(number === 1 ? undefined : SAME);
    for (const each of [one, other]) each.note(ended(1));
    await Promise.all([one.close(), other.close()]);
    expect(run.log.lines).toContain(`If this job runs again, all of its items run: ${SAME}.`);
    expect(await run.attempt(number + 1).recall(KEY, 5)).toEqual({
      runs: [],
      why: `two steps of attempt ${number} had the same script, items and inputs`,
    });
  });

  it("one after the other run all of their items", async () => {
    await run.ends(1, 0);
    await run.ends(2, 0);
    const later = run.attempt(2);
    expect(await later.recall(KEY, 5)).toEqual({ runs: [], why: SAME });
    expect(await later.begin([])).toBeUndefined();
    await later.close();
    expect(run.stored).toMatchObject({ attempt: 2, isContested: true });
  });

  it("are told from a write of which the answer was lost", async () => {
    const attempt = run.attempt(1);
    await attempt.recall(KEY, 5);
    run.bucket.loseAnswer();
    await attempt.begin([]);
    attempt.note(ended(0));
    await attempt.close();
    expect(run.stored).toMatchObject({ isContested: false, successes: [{ index: 0 }] });
  });
});

it("the last end is kept although the write before it was done and not answered", async () => {
  let isFirst = true;
  const s3: RecordObjectOptions["s3"] = {
    getVersion: run.bucket.getVersion.bind(run.bucket),
    deleteVersion: run.bucket.deleteVersion.bind(run.bucket),
    putIf: async (object, bytes, expected) => {
      const written = await run.bucket.putIf(object, bytes, expected);
      if (!isFirst) return written;
      isFirst = false;
      throw new Error("the connection was lost");
    },
  };
  const attempt = run.attempt(1, { s3 });
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  await run.clock.turn();
  attempt.note(ended(0));
  await attempt.close();
  expect(run.stored).toMatchObject({ isContested: false, successes: [{ index: 0 }] });
});

it("an object that is changed meanwhile by whatever else is marked", async () => {
  const attempt = run.attempt(1);
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  await run.clock.turn();
  const bytes = Buffer.from("{}");
  run.bucket.objects.set(OBJECT, { bytes, etag: '"x"', at: run.clock.now() });
  attempt.note(ended(0));
  await attempt.close();
  expect(run.stored).toMatchObject({ isContested: true, successes: [] });
});

it.each([
  ["other bytes", "{}", `s3://b/${OBJECT} has other bytes than fargate-exec writes`],
  [
    "too many of them",
    " ".repeat(2 * 1024 * 1024),
    `s3://b/${OBJECT} has other bytes than fargate-exec writes`,
  ],
])("nothing is trusted of an object with %s, and it is replaced", async (_, text, why) => {
  run.bucket.objects.set(OBJECT, { bytes: Buffer.from(text), etag: '"x"', at: 0 });
  const attempt = run.attempt(2);
  expect(await attempt.recall(KEY, 5)).toEqual({ runs: [], why });
  await attempt.begin([]);
  await attempt.close();
  expect(run.stored).toMatchObject({ attempt: 2, isContested: false });
});

it("nothing is trusted of items that ran in two images", async () => {
  const attempt = run.attempt(1);
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  for (const image of ["sha256:1", "sha256:2", "sha256:1"]) attempt.ranIn({ ...PROGRAM, image });
  attempt.note(ended(0));
  await attempt.close();
  expect((await run.attempt(2).recall(KEY, 5)).why).toMatch(/^attempt 1 ran in different images/);
});

it.each([
  ["no earlier attempt has left anything", {}, /^no earlier attempt of this run has left results/],
  ["debug logging is on", { runsAll: "RUNNER_DEBUG is 1" }, /^RUNNER_DEBUG is 1$/],
])("a reason is given when %s", async (_, more, why) => {
  expect((await run.attempt(2, more).recall(KEY, 5)).why).toMatch(why);
});

it("nothing is trusted of an attempt that failed by something else than its items, nor of those before", async () => {
  await run.ends(1, 0);
  const second = run.attempt(2);
  const { runs } = await second.recall(KEY, 5);
  await second.begin([...(runs[0]?.ended.values() ?? [])].filter((one) => one !== undefined));
  second.note(ended(1));
  await second.close("artifacts-missing");
  expect(await run.attempt(3).recall(KEY, 5)).toEqual({
    runs: [],
    why: "attempt 2 failed by 'artifacts-missing', and not by the end of an item",
  });
});

it("a mark that can't be written is a warning of what the next attempt then does", async () => {
  const attempt = run.attempt(1);
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  attempt.note(ended(0));
  await run.clock.turn();
  run.bucket.before((operation) => (operation === "PutObject" ? accessDenied("s3:PutObject") : undefined));
  await attempt.close("artifacts-missing");
  expect(run.log.lines.filter((line) => line.startsWith("warning: "))).toEqual([
    expect.stringMatching(
      /^warning: It can't be kept in s3:\/\/b\/p\/items\/runs\/\S+ that this attempt failed by 'artifacts-missing', and not by the end of an item, so items may not run/,
    ),
  ]);
});

it("a step that can't read whose record is in its way warns that the next attempt may run too little", async () => {
  await run.ends(1, 0);
  const other = run.attempt(1);
  await other.recall(KEY, 5);
  run.bucket.before((operation) => (operation === "GetObject" ? accessDenied("s3:GetObject") : undefined));
  await other.begin([]);
  await other.close();
  expect(run.log.lines.filter((line) => line.startsWith("warning: ")).at(-1)).toMatch(
    /^warning: It can't be kept in \S+ that another step of this attempt may have the same script, items and inputs, so items may not run/,
  );
});

it("a record that can't be marked for two steps with one key is a warning of what the next attempt then does", async () => {
  const [one, other] = [run.attempt(1), run.attempt(1)];
  await Promise.all([one.recall(KEY, 5), other.recall(KEY, 5)]);
  await one.begin([]);
  await run.clock.turn();
  const puts = run.bucket.calls.filter((call) => call === "PutObject").length;
  // The put of the other one is refused by its condition, and each try to mark the object by the bucket.
  run.bucket.before((operation) =>
    operation === "PutObject" && run.bucket.calls.filter((call) => call === "PutObject").length > puts + 1
      ? accessDenied("s3:PutObject")
      : undefined,
  );
  await other.begin([]);
  await other.close();
  expect(run.log.lines.filter((line) => line.startsWith("warning: "))).toEqual([
    expect.stringContaining(`that ${SAME}, so items may not run if this job runs again`),
  ]);
});

describe("when the bucket takes no record", () => {
  const refusePuts = (): void =>
    run.bucket.before((operation) => (operation === "PutObject" ? accessDenied("s3:PutObject") : undefined));

  it.each([
    ["all items run", { runsAll: "RUNNER_DEBUG is 1" }],
    ["some are carried over", {}],
  ])("no item runs in an attempt after one that has left a record, and %s", async (_, more) => {
    await run.ends(1, 0);
    const second = run.attempt(2, more);
    const { runs } = await second.recall(KEY, 5);
    refusePuts();
    const carried = [...(runs[0]?.ended.values() ?? [])].filter((one) => one !== undefined);
    await expect(second.begin(carried)).rejects.toMatchObject({
      code: "access-denied",
      seen: expect.stringContaining("would count for the next one, so no item was run.") as string,
    });
    await second.close();
    expect(run.log.lines.filter((line) => line.startsWith("warning: "))).toEqual([]);
  });

  it("no item runs when it is not known whether there is one", async () => {
    await run.ends(1, 0);
    run.bucket.before(() => accessDenied("s3:GetObject"));
    const second = run.attempt(2);
    await second.recall(KEY, 5);
    await expect(second.begin([])).rejects.toMatchObject({ code: "access-denied" });
  });

  it("no item runs when another step of the attempt has left one, which can't be marked", async () => {
    await run.ends(2, 0);
    const other = run.attempt(2);
    await other.recall(KEY, 5);
    refusePuts();
    await expect(other.begin([])).rejects.toMatchObject({ code: "access-denied" });
  });

  it("items run when no attempt has left one, and a warning says so", async () => {
    const second = run.attempt(2);
    await second.recall(KEY, 5);
    refusePuts();
    expect(await second.begin([])).toBeUndefined();
    second.note(ended(0));
    await second.close();
    expect(run.log.lines.filter((line) => line.startsWith("warning: "))).toEqual([
      expect.stringContaining("so more of them run if this job runs again."),
    ]);
    expect((await run.attempt(3).recall(KEY, 5)).runs).toEqual([]);
  });

  it("a cancel ends the wait for it", async () => {
    await run.ends(1, 0);
    const cancel = new AbortController();
    const s3 = {
      ...{
        getVersion: run.bucket.getVersion.bind(run.bucket),
        deleteVersion: () => Promise.reject(new Error()),
      },
      putIf: () => new Promise<never>(() => undefined),
    };
    const second = run.attempt(2, { s3, cancel: cancel.signal });
    await second.recall(KEY, 5);
    const begun = second.begin([]);
    cancel.abort(new Error("cancelled"));
    await expect(begun).rejects.toThrow("cancelled");
  });
});

it("a record that can't be read is a reason, and the attempt still keeps its own results", async () => {
  await run.ends(1, 0);
  run.bucket.before((operation) => (operation === "GetObject" ? accessDenied("s3:GetObject") : undefined));
  const second = run.attempt(2);
  expect((await second.recall(KEY, 5)).why).toMatch(
    /^what an earlier attempt has left can't be read: Access denied/,
  );
  run.bucket.before(() => undefined);
  await second.begin([]);
  second.note(ended(1));
  await second.close();
  expect(run.stored).toMatchObject({ attempt: 2, successes: [{ index: 1 }] });
});

it("a close waits three seconds for S3, and says that it has not answered", async () => {
  const never = new Promise<never>(() => undefined);
  const s3: RecordObjectOptions["s3"] = {
    getVersion: () => never,
    putIf: () => never,
    deleteVersion: () => never,
  };
  const attempt = run.attempt(1, { s3 });
  await attempt.recall(KEY, 5);
  await attempt.begin([]);
  const closing = attempt.close();
  await run.clock.turn();
  run.clock.advance(3_000);
  await closing;
  expect(run.log.lines.join("\n")).toContain("S3 has not answered for 3 s.");
});

it("a bucket with versioning keeps one version of the record", async () => {
  run.bucket.versioned = true;
  await run.ends(1, 0, 2);
  await run.ends(2, 1);
  await run.clock.turn();
  expect(run.bucket.versionsOf(OBJECT)).toHaveLength(1);
});
