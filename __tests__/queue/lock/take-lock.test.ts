import { Failure } from "../../../src/errors.ts";
import { LockScene } from "./scene.ts";

let scene: LockScene;
beforeEach(() => {
  scene = new LockScene();
});

it("the lock is an object beside the queues of containers", async () => {
  await scene.ask("one", { prefix: "ci/", name: "deploy" }).lock();
  expect([...scene.bucket.objects.keys()]).toEqual(["ci/locks/deploy.json"]);
});

it("the lock goes from run to run in the order in which they came, and nothing is left", async () => {
  const runs = [];
  for (const id of ["one", "two", "three"]) {
    runs.push(scene.ask(id));
    await scene.pass(1_000);
  }
  const [one, two, three] = runs;
  expect(runs.map(({ state }) => state)).toEqual(["holds", "waiting", "waiting"]);
  await (await one?.lock())?.release();
  await scene.pass(1_000);
  expect(runs.map(({ state }) => state)).toEqual(["holds", "holds", "waiting"]);
  await (await two?.lock())?.release();
  await scene.pass(2_000);
  await (await three?.lock())?.release();
  expect([...scene.bucket.objects.keys()]).toEqual([]);
});

it("the lock is in the ledger before it is asked for, and as held once it is taken", async () => {
  const one = scene.ask("one");
  expect(one.claims).toEqual([
    { bucket: "ci", owner: "123456789012", key: "fargate-exec/locks/shop/migrations.json", run: "one" },
  ]);
  await one.lock();
  expect(one.claims.at(-1)).toMatchObject({ run: "one", held: true });
});

it("a waiting run says every 30 s who holds the lock, since when, and how many runs come before it", async () => {
  scene.ask("one");
  await scene.pass(200);
  scene.ask("two");
  await scene.pass(200);
  const three = scene.ask("three");
  await scene.pass(64_000);
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
  scene.ask("one");
  await scene.pass(200);
  const two = scene.ask("two", { queueTimeout: 10_000 });
  await scene.pass(12_000);
  expect(await two.done).toMatchObject({ code: "lock-busy" });
  expect(two.claims.at(-1)).toBeUndefined();
  expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one"]);
});

it("a cancel while waiting leaves nothing", async () => {
  const one = scene.ask("one");
  await scene.pass(200);
  const two = scene.ask("two");
  await scene.pass(1_000);
  expect(scene.bucket.claims().map(({ run }) => run)).toEqual(["one", "two"]);
  two.cancel.abort(new Error("cancelled"));
  expect(await two.done).toMatchObject({ message: "cancelled" });
  expect([two.claims.at(-1), scene.bucket.claims().map(({ run }) => run)]).toEqual([undefined, ["one"]]);
  await (await one.lock()).release();
  expect([...scene.bucket.objects.keys()]).toEqual([]);
});

it("the lock of a run that died is free five minutes after its last renewal, and not before", async () => {
  const one = await scene.ask("one").lock();
  await scene.pass(20_000);
  // As when the process was killed.
  await one.abandon();
  const two = scene.ask("two");
  await scene.pass(290_000);
  expect(two.state).toBe("waiting");
  await scene.pass(15_000);
  expect(two.state).toBe("holds");
  expect(two.log.lines.at(-2)).toMatch(
    /^Took the lock of job 'deploy' of https:\/\/github.example\/one, which did not renew it for 30\d s\.$/,
  );
});

it("a run that waits for the lock longer than a holder trusts it does not lose it for that", async () => {
  const one = await scene.ask("one").lock();
  await scene.pass(200);
  const two = scene.ask("two");
  await scene.pass(100_000);
  await one.release();
  await scene.pass(1_000);
  await (await two.lock()).confirm();
  expect(two.lost).toEqual([]);
});

it("a holder keeps the lock for longer than one lease", async () => {
  const one = scene.ask("one");
  await one.lock();
  const two = scene.ask("two", { queueTimeout: 3_600_000 });
  await scene.pass(700_000);
  expect([one.lost, two.state]).toEqual([[], "waiting"]);
});

it("a holder loses the lock when it can't be renewed for a minute, early enough for the container to end the job", async () => {
  const one = scene.ask("one");
  await one.lock();
  await scene.pass(16_000);
  scene.bucket.before(() => new Failure("aws-unreachable", { failed: "S3", seen: "down", advice: "" }));
  await scene.pass(50_000);
  expect(one.lost).toEqual([]);
  await scene.pass(10_000);
  expect(one.lost).toEqual([
    expect.objectContaining({ code: "lock-lost", seen: "It could not be renewed for 60 s." }),
  ]);
  expect(one.log.lines).toEqual(["The lock 'shop/migrations' was not renewed: down"]);
});

it("a holder that was paused loses the lock as soon as it goes on", async () => {
  const one = scene.ask("one");
  const lock = await one.lock();
  // All timers of a paused process are due at once when it goes on.
  scene.clock.advance(100_000);
  await scene.pass(200);
  expect(one.lost).toHaveLength(1);
  await expect(lock.confirm()).rejects.toMatchObject({ code: "lock-lost" });
});

it("the lock is not confirmed for a run when another run has taken it over", async () => {
  const one = await scene.ask("one").lock();
  await one.abandon();
  const two = scene.ask("two");
  await scene.pass(305_000);
  expect(two.state).toBe("holds");
  await expect(one.confirm()).rejects.toThrow();
  expect(scene.bucket.holders()).toEqual(["two"]);
});

it("the lock is confirmed by a write of its own", async () => {
  const lock = await scene.ask("one").lock();
  scene.bucket.calls.length = 0;
  await lock.confirm();
  expect(scene.bucket.calls).toContain("PutObject");
});
