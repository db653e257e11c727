import { systemClock } from "../../src/clock.ts";
import { leaveQueue, releaseClaim } from "../../src/queue/claim.ts";
import { QueueObject, type QueueS3 } from "../../src/queue/queue-object.ts";
import { type Claim, EMPTY } from "../../src/queue/queue-state.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock, SteppedClock } from "../helpers/stepped-clock.ts";
import { Bucket } from "./bucket.ts";

const object = { bucket: "ci", key: "fargate-exec/claims/task/app.json", owner: undefined };
const OWN: Claim = {
  ...{ run: "own", holds: true, shares: false, locks: false, sessions: 1 },
  ...{ since: undefined, renewed: undefined, url: undefined, job: undefined },
  ...{ matrix: undefined, session: undefined },
};

it("no write has the bytes of the one that it replaces, since S3 compares hashes: a run with two writes at once would lose sight of a version", async () => {
  const clock = new SleeplessClock();
  const bucket = new Bucket(clock);
  const queue = new QueueObject({
    ...{ object: { bucket: "b", key: "k" }, kmsKeyId: undefined, s3: bucket, clock, log: new Listener() },
  });
  const claim = {
    run: "one",
    holds: true,
    shares: false,
    locks: false,
    sessions: 1,
    since: undefined,
    renewed: undefined,
  } as const;
  const write = async (): Promise<string> => {
    await queue.change(() => ({ queue: { ...EMPTY, claims: [claim] }, result: undefined }), {
      denied: "fails",
    });
    const [object] = bucket.objects.values();
    return Buffer.from(object?.bytes ?? "").toString();
  };
  const first = await write();
  expect(await write()).not.toBe(first);
});

it("the post step leaves no claim of a main step that was killed after it had emptied a versioned queue", async () => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 2));
  const bucket = new Bucket(clock);
  bucket.versioned = true;
  const options = { kmsKeyId: undefined, clock: { ...systemClock, sleep: () => Promise.resolve() } };
  const log = new Listener();
  const made = new QueueObject({ ...options, object, s3: bucket, log });
  await made.change(() => ({ queue: { claims: [OWN], past: [] }, result: undefined }), { denied: "fails" });
  const emptied = new Promise<void>((resolve) => (bucket.onWrite = resolve));
  const never = (): Promise<never> => new Promise(() => undefined);
  const killed: QueueS3 = {
    getVersion: (of, most) => bucket.getVersion(of, most),
    putIf: (of, bytes, replaced) => bucket.putIf(of, bytes, replaced),
    ...{ deleteIf: never, deleteObject: never, deleteVersion: never },
  };
  void leaveQueue(new QueueObject({ ...options, object, s3: killed, log }), "own");
  await emptied;
  await releaseClaim({ ...object, run: "own" }, { ...options, s3: bucket, log });
  expect([...bucket.objects.keys()]).toEqual([]);
  expect([...bucket.below.values()].flat()).toEqual([]);
});

it("a run whose leaving was taken, but answered as refused, brings no claim back that has gone since with the versions above it", async () => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 2));
  const bucket = new Bucket(clock);
  bucket.versioned = true;
  let otherLeaves = (): Promise<void> => Promise.resolve();
  const log = new Listener();
  const queueOf = (sleep: () => Promise<void>) =>
    new QueueObject({ object, kmsKeyId: undefined, s3: bucket, log, clock: { ...systemClock, sleep } });
  const [own, other] = [queueOf(() => otherLeaves()), queueOf(() => Promise.resolve())];
  const OTHER = { ...OWN, run: "other", since: clock.now(), renewed: clock.now() };
  const both = { claims: [OTHER, { ...OTHER, run: "own", holds: false }], past: [] };
  await other.change(() => ({ queue: both, result: undefined }), { denied: "fails" });
  bucket.loseAnswer();
  otherLeaves = () => leaveQueue(other, "other");
  await leaveQueue(own, "own");
  expect([...bucket.objects.keys()]).toEqual([]);
  expect([...bucket.below.values()].flat()).toEqual([]);
});

it.each([
  [
    "of a run that has left, and could not delete what its leaving had replaced, goes with the queue",
    3_000,
    [],
  ],
  ["that may be of a run which has just begun to wait stays", 2_000, ["other"]],
])("in a versioned bucket a claim %s", async (_, ms, left) => {
  const clock = new SteppedClock(Date.UTC(2026, 0, 2));
  const bucket = new Bucket(clock);
  bucket.versioned = true;
  const log = new Listener();
  const options = { object, kmsKeyId: undefined, log, clock: new SleeplessClock() };
  const refusing: QueueS3 = {
    getVersion: (of, most) => bucket.getVersion(of, most),
    putIf: (of, bytes, replaced) => bucket.putIf(of, bytes, replaced),
    deleteIf: (of, version) => bucket.deleteIf(of, version),
    deleteObject: (of) => bucket.deleteObject(of),
    deleteVersion: () => Promise.resolve({ why: "right", right: "s3:DeleteObjectVersion" }),
  };
  const [own, other] = [bucket, refusing].map((s3) => new QueueObject({ ...options, s3 }));
  const OTHER = { ...OWN, run: "other", since: clock.now(), renewed: clock.now() };
  const both = { claims: [OTHER, { ...OTHER, run: "own", holds: false }], past: [] };
  await other?.change(() => ({ queue: both, result: undefined }), { denied: "fails" });
  if (other !== undefined) await leaveQueue(other, "other");
  clock.advance(ms);
  if (own !== undefined) await leaveQueue(own, "own");
  expect(bucket.claims().flatMap(({ run }) => (run === "own" ? [] : [run]))).toEqual(left);
});
