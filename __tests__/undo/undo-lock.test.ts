import type { Task } from "../../src/aws/task.ts";
import type { LockClaim } from "../../src/queue/lock/take-lock.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { leaveLock, undoLock, type UndoLockContext } from "../../src/undo/undo-lock.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock, SteppedClock } from "../helpers/stepped-clock.ts";
import { aTask, TASK } from "../helpers/tasks.ts";
import { Bucket } from "../queue/bucket.ts";

const CLAIM: LockClaim = { bucket: "ci", key: "k", run: "one" };
const HELD: LockClaim = { ...CLAIM, held: true };
const STARTED = { kind: "task", cluster: "ci", taskArn: TASK } as LedgerEntry;
const JOB = { kind: "job" } as LedgerEntry;
/** Its stop command may be in line behind other sessions. */
const TOLD = { kind: "job", told: "perhaps" } as LedgerEntry;
/** ECS is stopping its task. */
const WITH_TASK = { kind: "job", told: "with-task", cluster: "ci", task: TASK } as LedgerEntry;
/** A task of the run that the main step has told to stop. */
const STOPPING = { kind: "stopping", cluster: "ci", taskArn: TASK } as LedgerEntry;
const CONTROL = { kind: "control" } as LedgerEntry;

/** A lock that is held by the run "one", and a task that stops after as many looks as are given. */
async function setUp(stopsAfter = 0, clock: SteppedClock = new SleeplessClock()) {
  const bucket = new Bucket(clock);
  const claims = JSON.stringify({ claims: [{ run: "one", state: "holds", locks: true }] });
  await bucket.putIf({ bucket: "ci", key: "k" }, Buffer.from(claims), "absent");
  const log = new Listener();
  let looks = 0;
  const describeTasks = (): Promise<readonly Task[]> => {
    looks += 1;
    return Promise.resolve([aTask({ lastStatus: looks > stopsAfter ? "STOPPED" : "DEPROVISIONING" })]);
  };
  const context: UndoLockContext = { aws: { ecs: { describeTasks }, s3: bucket }, clock, log };
  return { context, clock, log, isFree: () => bucket.objects.size === 0, looks: () => looks };
}

it("a run that only waits leaves the line at once", async () => {
  const { context, clock, isFree } = await setUp();
  await undoLock(CLAIM, { entries: [STARTED], remaining: [STARTED] }, context);
  expect([isFree(), clock.slept]).toEqual([true, []]);
});

it("a lock without a job to stop is given back at once", async () => {
  const { context, clock, isFree } = await setUp();
  await undoLock(HELD, { entries: [], remaining: [] }, context);
  expect([isFree(), clock.slept]).toEqual([true, []]);
});

it("a lock is given back once the stopped task has ended, and the job had time to end", async () => {
  const { context, clock, isFree, looks } = await setUp(4);
  await undoLock(HELD, { entries: [STARTED], remaining: [] }, context);
  expect([isFree(), looks()]).toEqual([true, 5]);
  expect(clock.slept.at(-1)).toBeGreaterThanOrEqual(5_000);
});

it("a lock is held until the job that was told to stop has had its time", async () => {
  const { context, clock, isFree } = await setUp(0, new SteppedClock());
  const undone = undoLock(HELD, { entries: [JOB], remaining: [] }, context);
  // All that does not wait for the clock is done.
  for (let turn = 0; turn < 20; turn += 1) await clock.turn();
  expect(isFree()).toBe(false);
  await clock.pass(10_000);
  await undone;
  expect(isFree()).toBe(true);
});

it("a lock is held until the job that the main step has told by a command of its own has had its time, too", async () => {
  const { context, clock, isFree } = await setUp(0, new SteppedClock());
  const told = { kind: "job", told: "certainly" } as LedgerEntry;
  const undone = undoLock(HELD, { entries: [told], remaining: [told] }, context);
  for (let turn = 0; turn < 20; turn += 1) await clock.turn();
  expect(isFree()).toBe(false);
  await clock.pass(10_000);
  await undone;
  expect(isFree()).toBe(true);
});

it.each([
  ["with which its job ends", WITH_TASK],
  ["that the main step has told to stop", STOPPING],
])("a lock is held until the task has stopped %s, and no longer", async (_, entry) => {
  const { context, clock, isFree, looks } = await setUp(4);
  await undoLock(HELD, { entries: [entry], remaining: [entry] }, context);
  expect([isFree(), looks(), clock.slept.length]).toEqual([true, 5, 4]);
});

it.each([
  ["job whose stop command may be in line", { entries: [JOB], remaining: [TOLD] }, 0],
  ["job that `control` tells nothing", { entries: [JOB, CONTROL], remaining: [TOLD] }, 0],
  ["job that could not be stopped", { entries: [JOB], remaining: [JOB] }, 0],
  ["task that goes on stopping", { entries: [STARTED], remaining: [] }, Infinity],
  ["task of the main step that goes on stopping", { entries: [STOPPING], remaining: [STOPPING] }, Infinity],
  ["job whose task goes on stopping", { entries: [WITH_TASK], remaining: [WITH_TASK] }, Infinity],
] as const)("a lock over a %s is left to end by itself", async (_, entries, stopsAfter) => {
  const { context, log, isFree } = await setUp(stopsAfter);
  await undoLock(HELD, entries, context);
  expect(isFree()).toBe(false);
  expect(log.lines).toEqual([
    "The lock is not given back, since a job may go on under it. It is free after 5 minutes; the container stops the job before that.",
  ]);
});

it("a lock over a job that the main step has told by `control` is given back, although its stop command may be in line", async () => {
  const { context, isFree } = await setUp();
  await undoLock(HELD, { entries: [TOLD, CONTROL], remaining: [TOLD] }, context);
  expect(isFree()).toBe(true);
});

/** Leaves this lock when these tasks are kept. Gives the kinds that stay in the ledger, and the lines of the log. */
function leaveLockOf(kept: readonly string[], claim: LockClaim) {
  const log = new Listener();
  const ledger = new Ledger({ region: "eu-west-1", undo: [{ kind: "lock", ...claim }] }, () => undefined);
  leaveLock(kept, ledger, log);
  return { remaining: ledger.entries.map(({ kind }) => kind), lines: log.lines };
}

it("the lock over a job in a task that is kept is left to end by itself, and a line says so", () => {
  expect(leaveLockOf(["a task"], HELD)).toEqual({
    remaining: [],
    lines: [expect.stringMatching(/^The lock is not given back, since a job may go on under it\./)],
  });
});

it.each([
  ["the run only waited for it", ["a task"], CLAIM],
  ["the task is stopped", [], HELD],
] as const)("the lock is given back by the cleanup when %s", (_, kept, claim) => {
  expect(leaveLockOf(kept, claim)).toEqual({ remaining: ["lock"], lines: [] });
});
