import { Failure } from "../../../src/errors.ts";
import type { ItemResult } from "../../../src/report/item-results.ts";
import { EarlierTimes, type EarlierTimesOptions, recordName } from "../../../src/run/items/earlier-times.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { accessDenied, Bucket } from "../../queue/bucket.ts";

const STEP = {
  variables: { GITHUB_REPOSITORY: "o/r", GITHUB_WORKFLOW: "ci", GITHUB_JOB: "test" },
  step: "unit",
};
const INPUTS = {
  ...{ bucket: "example-ci", prefix: "ci/", kmsKeyId: undefined, matrix: undefined },
  script: { kind: "run", text: "make test" },
} as const;

interface World {
  readonly clock: SteppedClock;
  readonly bucket: Bucket;
  readonly log: Listener;
  readonly cancel: AbortController;
}

function world(): World {
  const clock = new SteppedClock();
  return { clock, bucket: new Bucket(clock), log: new Listener(), cancel: new AbortController() };
}

function timesIn(
  { clock, bucket, log, cancel }: World,
  options: Partial<EarlierTimesOptions> = {},
): EarlierTimes {
  return new EarlierTimes({
    ...{ inputs: INPUTS, origin: STEP, owner: Promise.resolve(undefined), s3: bucket, clock, log },
    ...{ cancel: cancel.signal, ...options },
  });
}

function ended(item: string, seconds: number, more: Partial<ItemResult> = {}): ItemResult {
  return {
    ...{ index: 0, item, outcome: "succeeded", exitCode: 0, seconds, attempts: 1, task: 0, worker: 0 },
    ...{ beganAt: 0, endedAt: 1, lastLines: [], ...more },
  };
}

/** What the work gives, while time passes. */
async function timePasses<T>({ clock }: World, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  await clock.runUntil(() => isOver);
  return await over;
}

const textOf = ({ bucket }: World): string =>
  [...bucket.objects.values()].map(({ bytes }) => Buffer.from(bytes).toString()).join("");

it("what succeeded in one run is expected in the next one", async () => {
  const at = world();
  const first = timesIn(at);
  expect(await first.expect(["a", "b"])).toEqual([undefined, undefined]);
  await first.add({ items: [ended("a", 8), ended("b", 3, { outcome: "failed", exitCode: 1 })] });
  expect(await timesIn(at).expect(["b", "a", "c"])).toEqual([undefined, 8, undefined]);
  expect(at.log.lines).toEqual([]);
});

it("the record has neither the texts of items nor those of names", async () => {
  const at = world();
  await timesIn(at).add({ items: [ended("tests/orders_test.py", 8)] });
  expect([...at.bucket.objects.keys()]).toEqual([
    expect.stringMatching(/^ci\/items\/times\/[\da-f]{32}\.json$/),
  ]);
  expect(textOf(at)).toMatch(/^\{"items":\{"[\da-f]{12}":\[8,\d+\]\}\}$/);
});

it("the record is read once, and written once when no other run has written it", async () => {
  const at = world();
  await timesIn(at).add({ items: [ended("a", 8)] });
  at.bucket.calls.length = 0;
  const next = timesIn(at);
  await next.expect(["a"]);
  await next.add({ items: [ended("a", 4)] });
  expect(at.bucket.calls).toEqual(["GetObject", "PutObject"]);
  expect(await timesIn(at).expect(["a"])).toEqual([6]);
});

it("of two runs that end at the same time each adds what it knows", async () => {
  const at = world();
  const both = [timesIn(at), timesIn(at)];
  for (const one of both) await one.expect([]);
  await timePasses(at, Promise.all(both.map((one, index) => one.add({ items: [ended(`of ${index}`, 5)] }))));
  expect(await timesIn(at).expect(["of 0", "of 1"])).toEqual([5, 5]);
});

it("a version that was replaced is deleted in a bucket that keeps versions", async () => {
  const at = world();
  at.bucket.versioned = true;
  for (let run = 0; run < 3; run += 1) await timesIn(at).add({ items: [ended("a", run)] });
  const [key = ""] = at.bucket.objects.keys();
  expect(at.bucket.versionsOf(key)).toHaveLength(1);
});

it("an item of a batch counts what it is likely to have taken of the batch's time", async () => {
  const at = world();
  const batch = (share: number): Partial<ItemResult> => ({
    batch: { number: 1, seconds: 9, share, isReported: false },
  });
  await timesIn(at).add({ items: [ended("a", 9, batch(4)), ended("b", 9, batch(5)), ended("c", 9)] });
  expect(await timesIn(at).expect(["a", "b", "c"])).toEqual([4, 5, 9]);
});

it("an item that was carried over from another run does not count again", async () => {
  const at = world();
  await timesIn(at).add({ items: [ended("a", 8), ended("b", 8, { carriedFrom: 1 })] });
  expect(await timesIn(at).expect(["a", "b"])).toEqual([8, undefined]);
});

it("bytes that are no record are replaced, and one line says so", async () => {
  const at = world();
  await timesIn(at).add({ items: [ended("a", 8)] });
  const [key = ""] = at.bucket.objects.keys();
  await at.bucket.putIf({ bucket: "", key }, Buffer.from("<html>"), at.bucket.objects.get(key) ?? "absent");
  const next = timesIn(at);
  expect(await next.expect(["a"])).toEqual([undefined]);
  await next.add({ items: [ended("a", 2)] });
  expect(at.log.lines).toEqual([expect.stringMatching(/can't be read\. The object is no record/)]);
  expect(await timesIn(at).expect(["a"])).toEqual([2]);
});

it.each([["GetObject"], ["PutObject"]] as const)(
  "without the right to %s one line says so, and nothing fails",
  async (call) => {
    const at = world();
    at.bucket.before((operation) => (operation === call ? accessDenied(`s3:${call}`) : undefined));
    const times = timesIn(at);
    expect(await times.expect(["a"])).toEqual([undefined]);
    await times.add({ items: [ended("a", 8)] });
    expect(at.log.lines).toEqual([expect.stringContaining(`no right to s3:${call}`)]);
  },
);

it("S3 that does not answer is waited for a second at the start and two at the end", async () => {
  const at = world();
  const s3 = { getVersion: () => new Promise<never>(() => undefined) } as never;
  const times = timesIn(at, { s3 });
  const from = at.clock.now();
  expect(await timePasses(at, times.expect(["a"]))).toEqual([undefined]);
  expect(at.clock.now() - from).toBe(1_000);
  await timePasses(at, times.add({ items: [ended("a", 8)] }));
  expect(at.clock.now() - from).toBe(3_000);
  expect(at.log.lines).toEqual([expect.stringContaining("S3 has not answered within 1 s.")]);
});

it("other runs that always write first are given up on", async () => {
  const at = world();
  const s3 = {
    getVersion: () => Promise.resolve(undefined),
    putIf: () => Promise.resolve(undefined),
  } as never;
  await timePasses(at, timesIn(at, { s3 }).add({ items: [ended("a", 8)] }));
  expect(at.log.lines).toEqual([
    expect.stringContaining("Other runs have written the object first, 5 times."),
  ]);
});

it("a cancelled step neither waits for the record nor writes it", async () => {
  const at = world();
  const s3 = { getVersion: () => new Promise<never>(() => undefined) } as never;
  const times = timesIn(at, { s3 });
  const expected = times.expect(["a"]);
  at.cancel.abort(new Failure("cancelled", { failed: "", seen: "", advice: "" }));
  expect(await expected).toEqual([undefined]);
  await times.add({ items: [ended("a", 8)] });
  expect([at.bucket.calls, at.log.lines]).toEqual([[], []]);
});

it("a step that is cancelled once it has the record leaves that as it is", async () => {
  const at = world();
  await timesIn(at).add({ items: [ended("a", 8)] });
  const times = timesIn(at);
  await times.expect(["a"]);
  at.cancel.abort(new Failure("cancelled", { failed: "", seen: "", advice: "" }));
  await times.add({ items: [ended("a", 2), ended("b", 2)] });
  await at.clock.turn();
  const next = timesIn({ ...at, cancel: new AbortController() });
  expect(await next.expect(["a", "b"])).toEqual([8, undefined]);
});

it("a cancel ends the wait for the writing", async () => {
  const at = world();
  const s3 = {
    getVersion: () => Promise.resolve(undefined),
    putIf: () => new Promise(() => undefined),
  } as never;
  const times = timesIn(at, { s3 });
  await times.expect([]);
  const adding = times.add({ items: [ended("a", 8)] });
  at.cancel.abort(new Failure("cancelled", { failed: "", seen: "", advice: "" }));
  await adding;
  expect(at.log.lines).toEqual([]);
});

it("nothing is read, and nothing logged, when the step fails before the bucket's owner is known", async () => {
  const at = world();
  const times = timesIn(at, { owner: Promise.reject(new Error("no such cluster")) });
  expect(await times.expect(["a"])).toEqual([undefined]);
  expect([at.bucket.calls, at.log.lines]).toEqual([[], []]);
});

describe("the name of a record", () => {
  type Change = Partial<Pick<EarlierTimesOptions, "origin">> & { inputs?: object };
  const nameOf = ({ origin = STEP, inputs = {} }: Change = {}): string =>
    recordName({ inputs: { ...INPUTS, ...inputs }, origin });
  const script = { kind: "run", text: "make lint" };
  const outside = { variables: {} };

  it.each<[string, Change, Change]>([
    ["a changed script", {}, { inputs: { script } }],
    [
      "another run, commit and attempt",
      {},
      { origin: { ...STEP, variables: { ...STEP.variables, GITHUB_RUN_ID: "2", GITHUB_SHA: "f" } } },
    ],
    ["a matrix of one job", {}, { inputs: { matrix: { index: 0, total: 1, atOnce: 1 } } }],
    [
      "a script that stands in a file, outside of a workflow",
      { origin: outside },
      { origin: outside, inputs: { script: { kind: "file", bytes: Buffer.from("make test") } } },
    ],
  ])("stays with %s", (_, one, other) => {
    expect(nameOf(one)).toBe(nameOf(other));
  });

  it.each<[string, Change, Change]>([
    ["each step of a job", {}, { origin: { ...STEP, step: "__org_fargate-exec" } }],
    ["each job", {}, { origin: { ...STEP, variables: { ...STEP.variables, GITHUB_JOB: "lint" } } }],
    [
      "each workflow",
      {},
      { origin: { ...STEP, variables: { ...STEP.variables, GITHUB_WORKFLOW: "nightly" } } },
    ],
    [
      "each repository",
      {},
      { origin: { ...STEP, variables: { ...STEP.variables, GITHUB_REPOSITORY: "o/s" } } },
    ],
    [
      "each job of a matrix",
      { inputs: { matrix: { index: 0, total: 2, atOnce: 2 } } },
      { inputs: { matrix: { index: 1, total: 2, atOnce: 2 } } },
    ],
    ["each script outside of a workflow", { origin: outside }, { origin: outside, inputs: { script } }],
    ["a workflow and a program", {}, { origin: outside }],
  ])("differs for %s", (_, one, other) => {
    expect(nameOf(one)).not.toBe(nameOf(other));
  });
});
