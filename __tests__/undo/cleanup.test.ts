import { LARGEST_QUEUE } from "../../src/queue/queue-state.ts";
import type { Aws } from "../../src/aws/calls.ts";
import { cleanUp, type CleanupOptions } from "../../src/undo/cleanup.ts";
import { Ledger, type SavedState, type LedgerEntry } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock, SteppedClock } from "../helpers/stepped-clock.ts";

const STARTING: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };
const TASK: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: "arn:task" };
const DEFINITION: LedgerEntry = { kind: "task-definition", arn: "arn:definition" };
const OBJECT: LedgerEntry = { kind: "object", bucket: "example-ci", key: "k" };
const JOB: LedgerEntry = {
  kind: "job",
  cluster: "ci",
  task: "arn:aws:ecs:eu-west-1:123456789012:task/ci/17",
  container: "app",
  run: "me",
  sessionId: "s-1",
  runtimeId: "r",
  sessionTarget: "ecs:ci_17_r",
  encryption: { kind: "none" },
};
const PROTECTION: LedgerEntry = {
  ...{ kind: "protection", cluster: "ci", task: "arn:task/ci/17", until: 7, sharedUntil: 0 },
};
const CLAIM: LedgerEntry = { kind: "claim", bucket: "example-ci", key: "c", run: "me" };

/** Cleans up. The calls in `failing` fail. */
async function cleanUpFailing(undo: readonly LedgerEntry[], ...failing: string[]) {
  return await startCleanup({}, undo, ...failing);
}

async function startCleanup(
  {
    claimedBy = "me",
    words = `{"claims":[{"run":"${claimedBy}"}]}`,
    ...how
  }: {
    readonly early?: boolean;
    readonly patient?: boolean;
    readonly claimedBy?: string;
    readonly words?: string;
  },
  undo: readonly LedgerEntry[],
  ...failing: string[]
) {
  const done: string[] = [];
  const saved: SavedState[] = [];
  const [log, clock] = [new Listener(), new SleeplessClock()];
  const ledger = new Ledger({ region: "eu-west-1", undo }, (state) => saved.push(state));
  const call =
    (name: string, answer?: unknown) =>
    (...asked: unknown[]) => {
      done.push(`${name} ${JSON.stringify(asked)}`);
      return failing.includes(name)
        ? Promise.reject(new Error(`${name} is denied`))
        : Promise.resolve(answer as never);
    };
  const options: CleanupOptions = {
    aws: {
      ecs: {
        stopTask: call("StopTask"),
        listTasks: call("ListTasks", ["arn:found"]),
        describeTasks: call("DescribeTasks", []),
        describeTaskDefinition: call("DescribeTaskDefinition"),
        deregisterTaskDefinition: call("DeregisterTaskDefinition"),
        deleteTaskDefinition: call("DeleteTaskDefinitions"),
        getTaskProtection: call("GetTaskProtection", { kind: "protection", until: 7 }),
        updateTaskProtection: call("UpdateTaskProtection", { kind: "protection", until: undefined }),
        continueServiceDeployment: call("ContinueServiceDeployment", "taken"),
        describeServiceDeployment: call("DescribeServiceDeployments"),
        executeCommand: call("ExecuteCommand", { session: { sessionId: "s", streamUrl: "", token: "" } }),
      },
      ssm: { terminateSession: call("TerminateSession"), listActiveSessions: () => Promise.resolve([]) },
      kms: { generateDataKey: call("GenerateDataKey") },
      clients: {} as Aws["clients"],
      s3: {
        deleteObject: call("DeleteObject"),
        deleteObjects: call("DeleteObjects", { kept: new Map(), left: 0 }),
        getVersion: call("GetObject", {
          bytes: Buffer.from(words),
          ...{ etag: '"1"', modified: 0, age: 0 },
        }),
        deleteIf: call("DeleteObject", { deleted: true }),
        putIf: call("PutObject"),
        deleteVersion: call("DeleteObjectVersion"),
      },
    },
    clock,
    log,
    reason: "cancelled",
    ...how,
  };
  await cleanUp(ledger, options);
  return {
    done: done.toSorted(),
    inOrder: done,
    log: log.lines,
    slept: clock.slept.filter((ms) => ms > 0),
    left: ledger.entries,
    saved,
    again: () => cleanUp(ledger, options),
  };
}

describe("cleaning up", () => {
  it("looks again for a task that was being started when ECS lists only a task that is known", async () => {
    const found: LedgerEntry = { ...TASK, taskArn: "arn:found" };
    const { done, left, again } = await startCleanup({}, [found, STARTING]);
    expect(done.filter((call) => call.startsWith("StopTask"))).toHaveLength(1);
    expect(left).toEqual([{ ...STARTING, others: ["arn:found"] }]);
    expect(await again()).toEqual(left);
  });

  it("gives a claim back, in the version that it has looked at", async () => {
    const { done, left } = await cleanUpFailing([CLAIM]);
    expect(done).toEqual([
      expect.stringMatching(/^DeleteObject .*"key":"c".*"etag":"\\"1\\""/),
      expect.stringMatching(/^GetObject .*"key":"c"/),
    ]);
    expect(left).toEqual([]);
  });

  // No list of sessions comes in time on this clock.
  it("gives a claim back when the session of the stop command has surely ended, or leaves that to the post step", async () => {
    const main = await startCleanup({}, [CLAIM, JOB]);
    expect(main.inOrder.join("\n")).toMatch(/^(TerminateSession .*\n)?ExecuteCommand .*$/);
    expect(main.left).toEqual([CLAIM]);
    const { inOrder, left, slept } = await startCleanup({ patient: true }, [CLAIM, JOB]);
    const names = inOrder.map((call) => call.split(" ")[0]);
    expect(names.indexOf("ExecuteCommand")).toBeGreaterThanOrEqual(0);
    expect(names.indexOf("ExecuteCommand")).toBeLessThan(names.indexOf("GetObject"));
    expect([left, slept.at(-1)]).toEqual([[], 25_000]);
  });

  it("leaves a claim alone that another run has taken over", async () => {
    const { done, left } = await startCleanup({ claimedBy: "another" }, [CLAIM]);
    expect(done).toEqual([`GetObject [{"kind":"claim","bucket":"example-ci","key":"c"},${LARGEST_QUEUE}]`]);
    expect(left).toEqual([]);
  });

  it("leaves a claim on record while a log is uploaded, if there is no time to wait for that", async () => {
    const soon: LedgerEntry = { ...CLAIM, freeAt: new SleeplessClock().now() + 7_000 };
    expect(await cleanUpFailing([soon])).toMatchObject({ done: [], log: [], left: [soon] });
    const { done, left, log } = await startCleanup({ patient: true }, [soon]);
    expect([done.length, left, log.length]).toEqual([2, [], 1]);
  });

  it("leaves the claim to the job as long as that goes on", async () => {
    const { done, log, left } = await startCleanup({ early: true }, [CLAIM]);
    expect([done, log, left]).toEqual([[], [], [CLAIM]]);
  });

  it("keeps an object on record while its upload may still be under way", async () => {
    const { done, left } = await startCleanup({ early: true }, [TASK, OBJECT]);
    expect(done).toContain(`DeleteObject [${JSON.stringify(OBJECT)}]`);
    expect(left).toEqual([OBJECT]);
  });

  it("keeps on record what is being made while the run goes on, though it has found some of it", async () => {
    const { left } = await startCleanup({ early: true }, [STARTING]);
    expect(left).toEqual([STARTING]);
  });

  it("keeps an object on record whose upload was never heard of again", async () => {
    const unheard: LedgerEntry = { ...OBJECT, unheard: true };
    const { done, left } = await cleanUpFailing([unheard]);
    expect(done).toEqual([`DeleteObject [${JSON.stringify(unheard)}]`]);
    expect(left).toEqual([unheard]);
  });

  it("looks once for what a repeated registration has made, also while the run goes on", async () => {
    const repeated = { kind: "registration", family: "web", run: "me", known: "arn:web:1" } as const;
    const { left, log } = await startCleanup({ early: true }, [repeated]);
    expect(left).toEqual([]);
    expect(log).toEqual(["Looking for a second revision of 'web': its registration was repeated."]);
  });

  it("ends the protection of a task after the job in it, not while that goes on", async () => {
    expect(await startCleanup({ early: true }, [PROTECTION])).toMatchObject({ done: [], left: [PROTECTION] });
    const { log, done, left } = await cleanUpFailing([PROTECTION, JOB]);
    expect(log.slice(0, 2)).toEqual([
      "Stopping the job in container 'app' of task 17.",
      expect.stringContaining("No session could tell the job to stop"),
    ]);
    expect(log[2]).toBe("Ending the protection of task 17.");
    const ending = 'UpdateTaskProtection [{"cluster":"ci","task":"arn:task/ci/17"}';
    expect(done).toContainEqual(expect.stringContaining(ending));
    expect(left).toEqual([]);
  });

  it("leaves the task whose job sends artifacts, and its definition, until the run is over", async () => {
    const task = { kind: "task", cluster: "ci", startedBy: "me", taskArn: "arn:task/ci/17" } as const;
    const other = { ...task, taskArn: "arn:task/ci/18" };
    const shared = { kind: "shared-definition", arn: "arn:held:1", family: "held" } as unknown as LedgerEntry;
    const undo = [task, other, shared, { kind: "sending", task: task.taskArn } as const];
    const early = await startCleanup({ early: true }, undo);
    expect(early.done).toEqual([expect.stringMatching(/^StopTask .*arn:task\/ci\/18/)]);
    expect(early.left).toEqual([task, shared, { kind: "sending", task: task.taskArn }]);
    const last = await startCleanup({}, undo);
    expect(last.done).toContainEqual(expect.stringMatching(/^StopTask .*arn:task\/ci\/17/));
    expect(last.left).toEqual([]);
    expect(last.log.join()).not.toContain("artifacts");
  });

  it("leaves a job to its session as long as the run goes on, and says what is stopped", async () => {
    const { done, log, left } = await startCleanup({ early: true }, [JOB]);
    expect([done, left]).toEqual([[], [JOB]]);
    expect(log).toEqual(["Stopping the job in container 'app' of task 17."]);
  });

  it("ends the session of a forward, not while the forward can end it itself", async () => {
    const session: LedgerEntry = { kind: "session", sessionId: "s-2" };
    const early = await startCleanup({ early: true }, [session]);
    expect([early.done, early.left]).toEqual([[], [session]]);
    const { done, left, log } = await cleanUpFailing([session]);
    expect([done, left]).toEqual([['TerminateSession ["s-2"]'], []]);
    expect(log).toEqual(["Ending session s-2."]);
  });

  it("stops a job by a command of its own, instead of by its session", async () => {
    const { done, left } = await cleanUpFailing([JOB]);
    expect(done).toEqual([
      expect.stringMatching(/^ExecuteCommand .*"container":"app","command":"\/bin\/sh -c .*fx_id=me /),
      'TerminateSession ["s-1"]',
    ]);
    expect(left).toEqual([]);
  });

  it("undoes all there is, says so, and has nothing on record afterwards", async () => {
    const { done, log, left, saved } = await cleanUpFailing([TASK, DEFINITION, OBJECT]);
    expect(done).toEqual([
      `DeleteObject [${JSON.stringify(OBJECT)}]`,
      'DeregisterTaskDefinition ["arn:definition"]',
      'StopTask ["ci","arn:task","cancelled"]',
    ]);
    expect(log).toEqual([
      "Stopping task arn:task.",
      "Deregistering arn:definition.",
      "Deleting s3://example-ci/k.",
    ]);
    expect(left).toEqual([]);
    expect(saved.at(-1)?.undo).toEqual([]);
  });

  it("gives a lock back when the container has had the time to read `control`", async () => {
    const name = { bucket: "example-ci", owner: undefined };
    const control: LedgerEntry = {
      kind: "control",
      ...name,
      key: "control",
      freeAt: new SleeplessClock().now() + 5_000,
    };
    const lock: LedgerEntry = { kind: "lock", ...name, key: "lock", run: "me", held: true };
    const { inOrder, left } = await startCleanup({ patient: true }, [lock, control]);
    expect(inOrder.map((call) => call.replace(/^(\w+) .*"key":"(\w+)".*$/, "$1 $2"))).toEqual([
      "DeleteObject control",
      "GetObject lock",
      "DeleteObject lock",
    ]);
    expect(left).toEqual([]);
  });

  it("finds the task that was being started", async () => {
    const { done, log } = await cleanUpFailing([STARTING]);
    expect(done).toEqual(['ListTasks ["ci",{"startedBy":"me"}]', 'StopTask ["ci","arn:found","cancelled"]']);
    expect(log).toEqual(["Stopping the task that was being started in cluster 'ci'."]);
  });

  it("warns of what can't be undone, never throws, and undoes the rest", async () => {
    const { log, left } = await cleanUpFailing([TASK, DEFINITION, OBJECT], "StopTask");
    expect(log).toContain("warning: Could not undo this: Stopping task arn:task. StopTask is denied");
    expect(left).toEqual([TASK]);
  });

  it("keeps what failed on record for the next attempt, and undoes nothing twice", async () => {
    const { left, again, saved } = await cleanUpFailing([TASK, OBJECT], "StopTask");
    await again();
    expect(left).toEqual([TASK]);
    expect(saved.at(-1)?.undo).toEqual([TASK]);
  });

  it("says every half minute what it waits for", async () => {
    const clock = new SteppedClock();
    const log = new Listener();
    let deleted = (): void => undefined;
    const s3 = { deleteObject: () => new Promise<void>((resolve) => (deleted = resolve)) };
    const ledger = new Ledger({ region: "eu-west-1", undo: [OBJECT] }, () => undefined);
    const aws = { s3, clients: {} } as unknown as CleanupOptions["aws"];
    const cleaned = cleanUp(ledger, { aws, clock, log, reason: "over" });
    clock.advance(30_000);
    clock.advance(30_000);
    deleted();
    await cleaned;
    clock.advance(30_000);
    expect(log.lines).toEqual([
      "Deleting s3://example-ci/k.",
      "waiting for the end of this: Deleting s3://example-ci/k. (30 s)",
      "waiting for the end of this: Deleting s3://example-ci/k. (60 s)",
    ]);
    expect(ledger.entries).toEqual([]);
  });

  it("does nothing when there is nothing", async () => {
    const { done, log, saved } = await cleanUpFailing([]);
    expect([done, log, saved]).toEqual([[], [], []]);
  });
});

it.each([
  ["a main step leaves output and `control`, which another step still reads, to its post step", false, 2],
  ["the post step leaves them to a step that goes on", true, 0],
])("%s", async (_, patient, left) => {
  const now = Math.floor(new SleeplessClock().now() / 1_000);
  const own = patient ? "" : `reader ${"a".repeat(16)} ${now}\n`;
  const folder = { bucket: "example-ci", owner: undefined, prefix: "output/j/", next: 3 };
  const pieces: LedgerEntry = { kind: "pieces", ...folder, end: "read", reader: "a".repeat(16) };
  const control: LedgerEntry = {
    kind: "control",
    bucket: "example-ci",
    owner: undefined,
    key: "output/j/control",
  };
  const words = `fx1 control 1 0 0 -\n${own}reader ${"b".repeat(16)} ${now}\n`;
  const cleaned = await startCleanup({ patient, words }, [pieces, control]);
  expect([cleaned.done.map((call) => call.split(" ")[0]), cleaned.left.length]).toEqual([
    ["GetObject"],
    left,
  ]);
});
