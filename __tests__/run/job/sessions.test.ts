import type { FollowedJob } from "../../../src/carriers/follow-options.ts";
import { Failure } from "../../../src/errors.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import type { JobContext } from "../../../src/run/job/context.ts";
import type { JobSeat } from "../../../src/run/job/job-seat.ts";
import type { PreparedJob } from "../../../src/run/job/prepare.ts";
import { JobSessions } from "../../../src/run/job/sessions.ts";
import { Ledger } from "../../../src/undo/ledger.ts";
import type { WaitLines } from "../../../src/waiting.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { HANDLE } from "../../inputs/a-handle.ts";

const DEADLINE = 600_000;
const CANCELLED = new Failure("cancelled", { failed: "", seen: "", advice: "" });

/** The sessions of a job of such a context. The seat is free at once. */
function sessionsOf(
  context: Partial<JobContext>,
  { isBesideAnother = false, setup }: { isBesideAnother?: boolean; setup?: PreparedJob["setup"] } = {},
): JobSessions {
  return new JobSessions(
    { run: "0123456789ab", container: {}, setup } as PreparedJob,
    {
      isBesideAnother,
      take: () => Promise.resolve(true),
      openAlone: (request: () => Promise<unknown>) => request(),
      onSession: () => undefined,
      uploads: { waitForSeat: () => Promise.resolve() },
    } as unknown as JobSeat,
    {
      ...{ inputs: anInputs(), target: aTarget(), clock: new SteppedClock(0) },
      ...{ ledger: { replace: () => undefined }, ...context },
    } as unknown as JobContext,
    { deadline: DEADLINE, lines: { tell: () => undefined } as unknown as WaitLines },
  );
}

it.each([
  ["that others may block", { started: false, isBesideAnother: false, now: 0 }, 20_000],
  ["beside another session", { started: false, isBesideAnother: true, now: 0 }, 600_000],
  [
    "of this run's own task: the rest of 'start-timeout'",
    { started: true, isBesideAnother: false, now: 200_000 },
    400_000,
  ],
  [
    "of this run's own task that became ready late",
    { started: true, isBesideAnother: false, now: 599_000 },
    20_000,
  ],
])(
  "the time that the agent gets to open the first session, in a container %s",
  (_, { started, isBesideAnother, now }, ms) => {
    const context = { target: aTarget({ started }), clock: new SteppedClock(now) };
    expect(sessionsOf(context, { isBesideAnother }).opening()).toBe(ms);
  },
);

it.each([
  ["after the job's 'timeout' has a minute to ask for the end that the container keeps", 400_000, 460_000],
  [
    "in time follows the job for five minutes longer, since its clock may be ahead of the first step's",
    -9,
    360_000,
  ],
])("a step that attaches %s", (_, late, patience) => {
  const where = { kind: "handle", handle: { ...HANDLE, until: DEADLINE } } as const;
  const sessions = sessionsOf({ inputs: anInputs({ where }), clock: new SteppedClock(DEADLINE + late) });
  expect(sessions.until).toBe(DEADLINE + patience);
  expect(sessions.jobEndsBy).toBe(DEADLINE);
});

it("however many steps follow a job one after the other, its end and their patience stay those of the first step", () => {
  const artifacts = { globs: [] } as unknown as Inputs["artifacts"];
  const first = sessionsOf({ inputs: anInputs({ artifacts }) });
  let { jobEndsBy } = first;
  for (let step = 0; step < 10; step++) {
    const where = { kind: "handle", handle: { ...HANDLE, until: jobEndsBy } } as const;
    const next = sessionsOf({ inputs: anInputs({ where, artifacts }) });
    expect(next.until).toBe(first.until + 300_000);
    ({ jobEndsBy } = next);
  }
  expect(jobEndsBy).toBe(first.jobEndsBy);
});

it("a job that began late, since its runner was held up, is followed until its own 'timeout' has ended it", () => {
  const clock = new SteppedClock(0);
  const sessions = sessionsOf({ clock });
  const { jobEndsBy, until } = sessions;
  clock.advance(DEADLINE + 74_000);
  sessions.noteAttached();
  expect([sessions.jobEndsBy, sessions.until]).toEqual([jobEndsBy + 74_000, until + 74_000]);
  clock.advance(50_000);
  sessions.noteAttached();
  expect(sessions.jobEndsBy).toBe(jobEndsBy + 74_000);
});

it.each([
  ["a call that ECS has not answered, a session may have begun, and the job is stopped", "never", 1],
  ["refusals, no session has begun, and there is no job to stop", "refuses", 0],
] as const)("after a cancel in %s", async (_, answers, stops) => {
  const [cancelling, clock, asked] = [new AbortController(), new SteppedClock(0), [] as unknown[]];
  const executeCommand = async (): Promise<object> => {
    asked.push(answers);
    if (answers === "refuses") return await Promise.resolve({ notConnected: "not yet", throttled: false });
    return await new Promise((__, reject) =>
      cancelling.signal.addEventListener("abort", () => reject(new Error("aborted"))),
    );
  };
  const stopped: unknown[] = [];
  const undoing = {
    ecs: {
      executeCommand: () => Promise.reject(new Error(`stop ${stopped.push("asked")}`)),
      describeTasks: () => Promise.resolve([]),
    },
    ssm: { listActiveSessions: () => Promise.resolve([]) },
    clients: {},
  };
  const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => undefined);
  const sessions = sessionsOf({
    ...{ clock, ledger, cancel: cancelling.signal, log: new Listener(), looks: {} },
    ...{ aws: { ecs: { executeCommand } }, undoing },
  } as unknown as Partial<JobContext>);
  const attached = sessions.attach(0);
  for (let turn = 0; turn < 20; turn += 1) await clock.turn();
  cancelling.abort(new Error("cancelled"));
  await expect(attached).rejects.toThrow(/aborted|cancelled/);
  await sessions.settle({ end: { kind: "impossible", failure: CANCELLED }, attached: false } as FollowedJob);
  expect([asked.length, stopped.length]).toEqual([1, stops]);
  expect(ledger.entries.length).toBe(stops);
});

it("once the job has a session, the ledger says which, and how the cluster encrypts, so that the post step can stop the job", async () => {
  const cancelling = new AbortController();
  const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => undefined);
  const encryption = { kind: "required", kmsKeyId: "alias/exec" } as const;
  const executeCommand = () => {
    cancelling.abort(CANCELLED);
    return Promise.resolve({ session: { sessionId: "s-1" } });
  };
  const context = {
    ...{
      ledger,
      cancel: cancelling.signal,
      log: new Listener(),
      looks: {},
      aws: { ecs: { executeCommand } },
    },
    budget: { sessionLimits: () => undefined },
    origin: {},
  } as unknown as Partial<JobContext>;
  const setup = Promise.resolve({ encryption, logs: [] }) as unknown as PreparedJob["setup"];
  await expect(sessionsOf(context, { setup }).attach(0)).rejects.toBe(CANCELLED);
  expect(ledger.entries).toEqual([{ kind: "job", run: "0123456789ab", sessionId: "s-1", encryption }]);
});

it("no session is opened where its set-up has failed already: a session would end at once, and with it the job that another step has left", async () => {
  const asked: string[] = [];
  const executeCommand = () => Promise.reject(new Error(`asked ${asked.push("ExecuteCommand")}`));
  const setup = Promise.reject(new Error("no ID token"));
  setup.catch(() => undefined);
  const context = { aws: { ecs: { executeCommand } } } as unknown as Partial<JobContext>;
  await expect(sessionsOf(context, { setup }).attach(0)).rejects.toThrow("no ID token");
  expect(asked).toEqual([]);
});

it.each([
  ["has told the job, is the only one", "STOPPED", 1],
  ["has failed, is tried again", "RUNNING", 2],
])(
  "a stop that is under way when a cancelled job is over is waited for, and when it %s",
  async (_, lastStatus, count) => {
    const [cancelling, clock] = [new AbortController(), new SteppedClock(0)];
    const never = (): Promise<never> =>
      new Promise((__, reject) =>
        cancelling.signal.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    const commands: number[] = [];
    let underWay = 0;
    const executeCommand = async (): Promise<never> => {
      commands.push((underWay += 1));
      await clock.sleep(100);
      underWay -= 1;
      throw new Error("not now");
    };
    const undoing = {
      ecs: { executeCommand, describeTasks: () => Promise.resolve([{ lastStatus, containers: [] }]) },
      ssm: { listActiveSessions: () => Promise.resolve([]) },
      clients: {},
    };
    const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => undefined);
    const sessions = sessionsOf({
      ...{ clock, ledger, cancel: cancelling.signal, log: new Listener(), looks: {} },
      ...{ aws: { ecs: { executeCommand: never } }, undoing },
    } as unknown as Partial<JobContext>);
    const attached = sessions.attach(0);
    for (let turn = 0; turn < 20; turn += 1) await clock.turn();
    cancelling.abort(CANCELLED);
    await expect(attached).rejects.toThrow();
    const stopped = sessions.stop();
    const end = { kind: "ended", end: { kind: "closed-here" }, attached: true };
    const settled = sessions.settle({ end, attached: true } as FollowedJob);
    for (let turn = 0; turn < 50; turn += 1) {
      clock.advance(100);
      await clock.turn();
    }
    await settled;
    expect(await stopped).toBe(count === 1);
    expect(commands).toEqual(Array.from({ length: count }, () => 1));
    expect(ledger.entries.map((entry) => entry.kind === "job" && entry.told)).toEqual([
      count === 1 ? "certainly" : undefined,
    ]);
  },
);
