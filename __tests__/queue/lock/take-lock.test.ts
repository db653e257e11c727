import { Failure } from "../../../src/errors.ts";
import type { HeldLock } from "../../../src/queue/lock/held-lock.ts";
import { type LockClaim, lockKey, takeLock } from "../../../src/queue/lock/take-lock.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { Bucket } from "../bucket.ts";

const KEY = "fargate-exec/locks/shop/migrations.json";

let clock: SteppedClock;
let bucket: Bucket;
beforeEach(() => {
  clock = new SteppedClock();
  bucket = new Bucket(clock);
});

/** Lets this much time pass, in steps in which each run gets its answers. */
async function passTime(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 200) {
    clock.advance(Math.min(200, left));
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    await new Promise(setImmediate);
  }
}

/** A run that asks for the lock. `state` says whether it has got it. */
function askForLock(id: string, { queueTimeout = 3_600_000 } = {}) {
  const log = new Listener();
  const cancel = new AbortController();
  const claims: (LockClaim | undefined)[] = [];
  const lost: Failure[] = [];
  const run = { log, cancel, claims, lost, state: "waiting" as "waiting" | "holds" | "failed" };
  const done = takeLock({
    name: "shop/migrations",
    inputs: { bucket: "ci", prefix: "fargate-exec/", kmsKeyId: undefined, matrix: undefined, queueTimeout },
    owner: "123456789012",
    origin: { id, url: `https://github.example/${id}`, variables: { GITHUB_JOB: "deploy" } },
    s3: bucket,
    clock,
    log,
    cancel: cancel.signal,
    onClaim: (claim) => claims.push(claim),
    onLost: (why) => lost.push(why),
  }).then(
    (lock) => {
      run.state = "holds";
      return lock;
    },
    (error: unknown) => {
      run.state = "failed";
      return error;
    },
  );
  const lock = async (): Promise<HeldLock> => {
    const taken = await done;
    if (taken instanceof Error) throw taken;
    return taken as HeldLock;
  };
  return Object.assign(run, { done, lock });
}

it("the lock is an object beside the queues of containers", () => {
  expect(lockKey("ci/", "deploy")).toBe("ci/locks/deploy.json");
});

it("the lock goes from run to run in the order in which they came, and nothing is left", async () => {
  const runs = [];
  for (const id of ["one", "two", "three"]) {
    runs.push(askForLock(id));
    await passTime(1_000);
  }
  const [one, two, three] = runs;
  expect(runs.map(({ state }) => state)).toEqual(["holds", "waiting", "waiting"]);
  await (await one?.lock())?.release();
  await passTime(1_000);
  expect(runs.map(({ state }) => state)).toEqual(["holds", "holds", "waiting"]);
  await (await two?.lock())?.release();
  await passTime(2_000);
  await (await three?.lock())?.release();
  expect([...bucket.objects.keys()]).toEqual([]);
});

it("the lock is in the ledger before it is asked for, and as held once it is taken", async () => {
  const one = askForLock("one");
  expect(one.claims).toEqual([{ bucket: "ci", owner: "123456789012", key: KEY, run: "one" }]);
  await one.lock();
  expect(one.claims.at(-1)).toMatchObject({ run: "one", held: true });
});

it("a waiting run says every 30 s who holds the lock, since when, and how many runs come before it", async () => {
  askForLock("one");
  await passTime(200);
  askForLock("two");
  await passTime(200);
  const three = askForLock("three");
  await passTime(64_000);
  const holder = "held by job 'deploy' of https://github.example/one since 22:13:20 UTC";
  const line = "for it as number 2 in line, with its holder and 1 more before this run";
  expect(three.log.lines).toEqual([
    `The lock 'shop/migrations' is ${holder}; waiting ${line}, for at most 60 min ('queue-timeout').`,
    expect.stringMatching(
      `The lock 'shop/migrations' is still ${holder}; waiting ${line} \\(3\\d s\\), for at most 60 min more`,
    ),
    expect.stringMatching(`is still ${holder}; waiting ${line} \\(6\\d s\\), for at most 59 min more`),
  ]);
});

it("the lock is not waited for longer than 'queue-timeout', and the run leaves the line", async () => {
  askForLock("one");
  await passTime(200);
  const two = askForLock("two", { queueTimeout: 10_000 });
  await passTime(12_000);
  expect(await two.done).toMatchObject({ code: "lock-busy" });
  expect(two.claims.at(-1)).toBeUndefined();
  expect(bucket.claims().map(({ run }) => run)).toEqual(["one"]);
});

it("a cancel while waiting leaves nothing", async () => {
  const one = askForLock("one");
  await passTime(200);
  const two = askForLock("two");
  await passTime(1_000);
  expect(bucket.claims().map(({ run }) => run)).toEqual(["one", "two"]);
  two.cancel.abort(new Error("cancelled"));
  expect(await two.done).toMatchObject({ message: "cancelled" });
  expect([two.claims.at(-1), bucket.claims().map(({ run }) => run)]).toEqual([undefined, ["one"]]);
  await (await one.lock()).release();
  expect([...bucket.objects.keys()]).toEqual([]);
});

it("the lock of a run that died is free five minutes after its last renewal, and not before", async () => {
  const one = await askForLock("one").lock();
  await passTime(20_000);
  // As when the process was killed.
  await one.abandon();
  const two = askForLock("two");
  await passTime(290_000);
  expect(two.state).toBe("waiting");
  await passTime(15_000);
  expect(two.state).toBe("holds");
  expect(two.log.lines.at(-2)).toMatch(
    /^Took the lock of job 'deploy' of https:\/\/github.example\/one, which did not renew it for 30\d s\.$/,
  );
});

it("a run that waits for the lock longer than a holder trusts it does not lose it for that", async () => {
  const one = await askForLock("one").lock();
  await passTime(200);
  const two = askForLock("two");
  await passTime(100_000);
  await one.release();
  await passTime(1_000);
  await (await two.lock()).confirm();
  expect(two.lost).toEqual([]);
});

it("a holder keeps the lock for longer than one lease", async () => {
  const one = askForLock("one");
  await one.lock();
  const two = askForLock("two", { queueTimeout: 3_600_000 });
  await passTime(700_000);
  expect([one.lost, two.state]).toEqual([[], "waiting"]);
});

it("a holder loses the lock when it can't be renewed for a minute, early enough for the container to end the job", async () => {
  const one = askForLock("one");
  await one.lock();
  await passTime(16_000);
  bucket.before(() => new Failure("aws-unreachable", { failed: "S3", seen: "down", advice: "" }));
  await passTime(50_000);
  expect(one.lost).toEqual([]);
  await passTime(10_000);
  expect(one.lost).toEqual([
    expect.objectContaining({ code: "lock-lost", seen: "It could not be renewed for 60 s." }),
  ]);
  expect(one.log.lines).toEqual(["The lock 'shop/migrations' was not renewed: down"]);
});

it("a holder that was paused loses the lock as soon as it goes on", async () => {
  const one = askForLock("one");
  const lock = await one.lock();
  // All timers of a paused process are due at once when it goes on.
  clock.advance(100_000);
  await passTime(200);
  expect(one.lost).toHaveLength(1);
  await expect(lock.confirm()).rejects.toMatchObject({ code: "lock-lost" });
});

it("the lock is not confirmed for a run when another run has taken it over", async () => {
  const one = await askForLock("one").lock();
  await one.abandon();
  const two = askForLock("two");
  await passTime(305_000);
  expect(two.state).toBe("holds");
  await expect(one.confirm()).rejects.toThrow();
  expect(bucket.holders()).toEqual(["two"]);
});

it("the lock is confirmed by a write of its own", async () => {
  const lock = await askForLock("one").lock();
  bucket.calls.length = 0;
  await lock.confirm();
  expect(bucket.calls).toContain("PutObject");
});
