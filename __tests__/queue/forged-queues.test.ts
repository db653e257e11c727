/** Queues that another principal has written: it has `s3:PutObject` on the prefix, and nothing else. */
import fc from "fast-check";
import { codePoint } from "../helpers/code-points.ts";
import { systemClock } from "../../src/clock.ts";
import { takeStep, renewStep, replaceStep } from "../../src/queue/claim-steps.ts";
import { leaveQueue } from "../../src/queue/claim.ts";
import { type FoundQueue, QueueObject, type QueueS3 } from "../../src/queue/queue-object.ts";
import { EMPTY, LARGEST_QUEUE, parseQueue, writeQueue } from "../../src/queue/queue-state.ts";
import { holderClause, runWords } from "../../src/queue/wait-log.ts";
import { Listener } from "../helpers/listener.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const MODIFIED = NOW - 5_000;
const MANNER = { shares: false, locks: true, sessions: 1 } as const;

/** All that a run does with a queue that it has found. */
function useQueue(bytes: Uint8Array): void {
  const queue = parseQueue(bytes, MODIFIED);
  const found: FoundQueue = { queue, now: NOW, version: { etag: '"1"', versionId: undefined } };
  const own = { run: "own", earlier: [], hasBegun: false, names: {}, manner: MANNER };
  const taken = takeStep(found, own, { mayJoin: true, beforeTaking: () => undefined });
  renewStep(found, own, undefined);
  replaceStep(found, own, false);
  for (const claim of queue.claims) {
    expect(claim.renewed).toBeLessThanOrEqual(MODIFIED);
    expect(`${holderClause(claim)} ${runWords(claim)}`).not.toMatch(/\p{Cc}/u);
  }
  const written = writeQueue(taken.queue ?? queue, "");
  // What a run writes is no longer than what it has read, but for the forms of states and times.
  expect(written.length).toBeLessThan(3 * bytes.length + 200_000 + 200 * queue.claims.length);
  expect(new Set(queue.claims.map(({ run }) => run)).size).toBe(queue.claims.length);
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...["own", "other", "__proto__", "constructor", "a\n::error::b", "x".repeat(101), "", "😀"],
    ...[null, true, -1, 1e308, -0, 2 ** 53, [], {}, { toString: 1 }, "holds", "waits", 2, "2"],
    ...[
      "2999-01-01T00:00:00Z",
      "-271821-04-20T00:00:00.000Z",
      "+275760-09-13T00:00:00.001Z",
      "0",
      "yesterday",
    ],
    ...[
      `https://${"é".repeat(900)}/`,
      `https://a/${"€".repeat(900)}`,
      "https://u:p@a/",
      "javascript:0",
      "http://a",
    ],
    ...[
      [0, 1],
      [1, 1],
      [-1, 4],
      [0.5, 2],
      ["0", 1],
      [0, 1e9],
      [[0], 1],
    ],
  ),
  fc.jsonValue(),
);
const member = fc.constantFrom(
  ...["run", "state", "shares", "locks", "sessions", "since", "renewed", "url", "job", "matrix", "session"],
  ...["__proto__", "claims", "holds"],
);
const claim = fc.array(fc.tuple(member, odd), { maxLength: 12 }).map((pairs) => Object.fromEntries(pairs));
const named = fc
  .tuple(fc.constantFrom("own", "a", "b", "c-1"), claim)
  .map(([run, rest]) => ({ ...rest, run }));
const queues = fc.oneof(
  fc
    .record({ claims: fc.array(fc.oneof(named, named, claim, odd), { maxLength: 8 }), past: odd })
    .map((one) => JSON.stringify(one)),
  odd.map((one) => JSON.stringify(one)),
  fc.string({ unit: codePoint, maxLength: 200 }),
);

it("odd claims, times, numbers and names do no harm, whatever stands there", () => {
  fc.assert(
    fc.property(queues, (text) => useQueue(Buffer.from(text))),
    { numRuns: process.env["EVERY_ROW"] === "1" ? 3_000 : 1_000, seed: 24 },
  );
});

it.each([
  ["nested without end", "[".repeat(LARGEST_QUEUE)],
  ["nested members", `{"claims":${'[{"run":'.repeat(LARGEST_QUEUE / 8)}`],
  ["claims without number", `{"claims":[${'{"run":"a"},'.repeat(60_000)}{"run":"b"}]}`],
  ["different claims", `{"claims":[${Array.from({ length: 50_000 }, (_, i) => `{"run":"a${i}"}`).join()}]}`],
  [
    "long addresses",
    `{"claims":[${Array.from({ length: 280 }, (_, i) => `{"run":"a${i}","url":"https://a/${"€".repeat(900)}"}`).join()}]}`,
  ],
  ["one long text", JSON.stringify({ claims: [{ run: "a".repeat(700_000) }] })],
  ["one member many times", `{${'"claims":[],'.repeat(60_000)}"claims":[{"run":"a"}]}`],
])("a queue of %s is read and written in a moment", (_, text) => {
  const began = performance.now();
  useQueue(Buffer.from(text.slice(0, LARGEST_QUEUE)));
  expect(performance.now() - began).toBeLessThan(1_500);
});

describe("a principal that writes the queue before each swap", () => {
  /** S3 in which each write of the run is lost. */
  const lostSwaps = () => {
    let reads = 0;
    const s3: QueueS3 = {
      getVersion: () => {
        const bytes = Buffer.from('{"claims":[{"run":"own"},{"run":"other","state":"waits"}]}');
        return Promise.resolve({
          bytes,
          etag: `"${(reads += 1)}"`,
          versionId: undefined,
          modified: NOW,
          age: 0,
        });
      },
      putIf: () => Promise.resolve(undefined),
      deleteIf: () => Promise.resolve({ deleted: false, kept: undefined }),
      deleteObject: () => Promise.resolve({ kept: undefined }) as never,
      deleteVersion: () => Promise.resolve(undefined),
    };
    const slept: number[] = [];
    const sleep = (ms: number) => Promise.resolve(void slept.push(ms));
    const clock = { now: () => systemClock.now(), random: systemClock.random, sleep };
    const object = { bucket: "ci", key: "fargate-exec/locks/a.json", owner: undefined };
    const queue = new QueueObject({
      object,
      kmsKeyId: undefined,
      s3,
      clock,
      log: new Listener(),
      random: () => 0.5,
    });
    return { queue, reads: () => reads, waited: () => slept.reduce((sum, ms) => sum + ms, 0) };
  };

  it("keeps no run from its end for longer than minutes", async () => {
    const { queue, reads, waited } = lostSwaps();
    await expect(leaveQueue(queue, "own")).rejects.toMatchObject({
      code: "aws-error",
      failed: "The queue s3://ci/fargate-exec/locks/a.json could not be changed.",
    });
    expect(reads()).toBeLessThan(600);
    expect(waited()).toBeLessThan(5 * 60_000);
  });

  it("keeps no run waiting for a lock without end, either", async () => {
    const { queue } = lostSwaps();
    const change = queue.change(() => ({ queue: { ...EMPTY, claims: [] }, result: undefined }), {
      denied: "fails",
    });
    await expect(change).rejects.toMatchObject({ code: "aws-error" });
  });
});
