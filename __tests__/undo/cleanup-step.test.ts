import { type CleanupOptions, StepCleanup } from "../../src/undo/cleanup.ts";
import { Ledger, type LedgerEntry, type SavedState } from "../../src/undo/ledger.ts";
import { noteTold } from "../../src/undo/runaway-job.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const TASK: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: "arn:task" };

/** The cleanup of a step whose ledger has these entries. StopTask fails this many times. */
function stepWith(undo: readonly LedgerEntry[], failures = 0) {
  const stopped: string[] = [];
  const saved: SavedState[] = [];
  const log = new Listener();
  const cancel = new AbortController();
  const ledger = new Ledger({ region: "eu-west-1", undo }, (state) => saved.push(state));
  const ecs = {
    stopTask: (_cluster: string, _task: string, reason: string) => {
      stopped.push(reason);
      return stopped.length <= failures ? Promise.reject(new Error("denied")) : Promise.resolve();
    },
  };
  const aws = { ecs, clients: {} } as unknown as CleanupOptions["aws"];
  const cleanup = new StepCleanup(ledger, { aws, clock: new SleeplessClock(), log }, cancel.signal);
  return { cleanup, cancel, ledger, stopped, log };
}

it("undoes nothing before the run is over, unless it is cancelled", async () => {
  const { cleanup, stopped } = stepWith([TASK]);
  await cleanup.early();
  expect(stopped).toEqual([]);
});

it("a cancel stops the task at once, and the end of the run has nothing left to undo", async () => {
  const { cleanup, cancel, ledger, stopped, log } = stepWith([TASK]);
  cancel.abort(new Error("cancelled"));
  await cleanup.early();
  expect(stopped).toEqual(["fargate-exec: cancelled"]);
  expect(ledger.entries).toEqual([]);
  await cleanup.finish();
  expect(stopped).toHaveLength(1);
  expect(log.lines[0]).toBe("Cancelled: stopping what this run started.");
});

it.each([true, false])(
  "a task that is stopped under a held lock stays in the ledger for the post step, after a cancel: %s",
  async (isCancelled) => {
    const lock = { kind: "lock", bucket: "ci", key: "k", run: "one", held: true } as LedgerEntry;
    const { cleanup, cancel, ledger, stopped } = stepWith([TASK, lock]);
    if (isCancelled) cancel.abort(new Error("cancelled"));
    await cleanup.early();
    await cleanup.finish();
    expect(stopped).toHaveLength(1);
    expect(ledger.entries).toEqual([lock, { kind: "stopping", cluster: "ci", taskArn: "arn:task" }]);
  },
);

it("each task that is stopped under a held lock stays in the ledger, since any of them may be the last to end", async () => {
  const lock = { kind: "lock", bucket: "ci", key: "k", run: "one", held: true } as LedgerEntry;
  const { cleanup, ledger } = stepWith([TASK, { ...TASK, taskArn: "arn:other" }, lock]);
  await cleanup.finish();
  const stopping = ledger.entries.flatMap((entry) => (entry.kind === "stopping" ? [entry.taskArn] : []));
  expect(stopping).toEqual(["arn:task", "arn:other"]);
});

it("a task that was stopped under a lock is dropped when the run has given the lock back", async () => {
  const lock = { kind: "lock", bucket: "ci", key: "k", run: "one", held: true } as LedgerEntry;
  const { cleanup, cancel, ledger } = stepWith([TASK, lock]);
  cancel.abort(new Error("cancelled"));
  await cleanup.early();
  ledger.replace(["lock"], []);
  await cleanup.finish();
  expect(ledger.entries).toEqual([]);
});

it("the end of the run tries again what the cancel could not undo", async () => {
  const { cleanup, cancel, ledger, stopped } = stepWith([TASK], 1);
  cancel.abort(new Error("cancelled"));
  await cleanup.early();
  expect(ledger.entries).toEqual([TASK]);
  await cleanup.finish();
  expect(stopped).toEqual(["fargate-exec: cancelled", "fargate-exec: the job has ended"]);
  expect(ledger.entries).toEqual([]);
});

it.each(["perhaps", "certainly"] as const)(
  "a job that is %s told to stop stays in the ledger with the lock over it, for the post step",
  async (told) => {
    const lock = { kind: "lock", bucket: "ci", key: "k", run: "one", held: true } as LedgerEntry;
    const job = { kind: "job", run: "one" } as Extract<LedgerEntry, { kind: "job" }>;
    const { cleanup, ledger } = stepWith([lock]);
    const part = ledger.part();
    part.replace(["job"], [job]);
    noteTold(job, { told }, part);
    await cleanup.finish();
    expect(ledger.entries).toEqual([lock, { ...job, told }]);
  },
);

it("what can't be undone stays in the ledger for the post step", async () => {
  const { cleanup, ledger } = stepWith([TASK], 9);
  await cleanup.finish();
  expect(ledger.entries).toEqual([TASK]);
});
