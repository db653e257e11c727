import type { RunTaskAnswer, RunTaskRequest } from "../../../src/aws/ecs.ts";
import { NoCapacity } from "../../../src/aws/ecs-failures.ts";
import { Failure } from "../../../src/errors.ts";
import type { NewTasks } from "../../../src/inputs/inputs.ts";
import { resolveTargets } from "../../../src/targets/resolve.ts";
import type { Target } from "../../../src/targets/target.ts";
import { resolveContextOf } from "../../helpers/resolving.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { aDefinition, aTask, TASK } from "../../helpers/tasks.ts";

/** How ECS tells that only some of the tasks of a call fit into the account's quota. AWS documents none of these. */
type Refusal = "starts some" | "refuses the call" | "throws";
const WORDS = "You’ve reached the limit on the number of vCPUs you can run concurrently";
const MINUTE = 60_000;
const FAN_OUT = 25;
const QUOTA = 8;
const PATIENCE = 10 * MINUTE;
/** From StopTask to the task's STOPPED, with which its vCPUs are free. */
const STOPPING = 20_000;

/** An account that may run `QUOTA` tasks at once, and a step that starts `FAN_OUT` of them. */
class Account {
  readonly clock = new SteppedClock();
  readonly requests: RunTaskRequest[] = [];
  readonly stopped: string[] = [];
  /** When each task was stopped; undefined while it runs. */
  readonly tasks = new Map<string, number | undefined>();
  most = 0;
  /** From StopTask to the end of a task. */
  stopping = STOPPING;
  /** Tasks of others. */
  foreign = 0;
  readonly #refusal: Refusal;

  constructor(refusal: Refusal) {
    this.#refusal = refusal;
  }

  get held(): number {
    const holds = (at: number | undefined): boolean =>
      at === undefined || this.clock.now() < at + this.stopping;
    return [...this.tasks.values()].filter(holds).length;
  }

  runTask = (request: RunTaskRequest): Promise<RunTaskAnswer> => {
    this.requests.push(request);
    const free = QUOTA - this.held - this.foreign;
    const fits = request.count <= free;
    if (!fits && this.#refusal === "throws")
      return Promise.reject(new NoCapacity({ failed: "RunTask failed.", seen: WORDS, isQuota: true }));
    const started = fits ? request.count : this.#refusal === "starts some" ? Math.max(0, free) : 0;
    const tasks = Array.from({ length: started }, () => {
      const arn = `${TASK}-${this.tasks.size}`;
      this.tasks.set(arn, undefined);
      return aTask({ arn });
    });
    this.most = Math.max(this.most, this.held);
    const refusals = fits ? [] : [{ reason: WORDS, detail: undefined }];
    return Promise.resolve({ tasks, refusals });
  };

  stopTask = (_: string, arn: string): Promise<void> => {
    this.stopped.push(arn);
    this.tasks.set(arn, this.clock.now());
    return Promise.resolve();
  };

  /** Starts the fan-out. Its later tasks are asked for at once, as the jobs of a step without `max-parallel` do. */
  async fanOut() {
    const where: NewTasks = {
      ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "web" }, service: undefined },
      ...{ tasks: FAN_OUT, start: startInputs() },
    };
    const { runTask, stopTask, clock } = this;
    const describeTaskDefinition = () => Promise.resolve(aDefinition([{ entryPoint: ["sh", "-c"] }]));
    const context = resolveContextOf(where, { runTask, stopTask, describeTaskDefinition });
    const resolving = resolveTargets({ ...context, clock });
    const { targets, later } = await resolving;
    const running: Target[] = [...targets];
    const failures: Failure[] = [];
    for (let n = later?.count ?? 0; n > 0; n -= 1)
      void later?.next().then(
        ({ target }) => running.push(target),
        (error: unknown) => failures.push(error as Failure),
      );
    return { running, failures, later, log: context.log };
  }
}

it.each<Refusal>(["starts some", "refuses the call", "throws"])(
  "a fan-out beyond the account's vCPUs goes in waves, whatever a refusal looks like: ECS %s",
  async (refusal) => {
    const account = new Account(refusal);
    const { running, failures, later, log } = await account.fanOut();
    const begun: number[] = [];
    for (let ended = 0; ended < FAN_OUT; ended += 1) {
      await account.clock.runUntil(() => running.length > 0);
      begun.push(account.clock.now());
      // A job takes longer than 'start-timeout', which is a limit from one end to the next start only.
      account.clock.advance(2 * MINUTE);
      await later?.jobEnds(running.shift());
    }
    expect([failures, account.tasks.size, account.most]).toEqual([[], FAN_OUT, QUOTA]);
    expect(begun.length).toBe(FAN_OUT);
    expect(log.lines.filter((line) => line.includes(WORDS))).toEqual([
      expect.stringMatching(
        /^ECS starts no further task for this account now, so each further one is started when/,
      ),
    ]);
  },
);

it("the next task begins soon after one has ended, and those that had ended before the refusal are stopped for it", async () => {
  const account = new Account("starts some");
  account.foreign = -4;
  const { running, later } = await account.fanOut();
  await account.clock.runUntil(() => running.length === QUOTA + 4);
  const [first, second] = running;
  await later?.jobEnds(first);
  expect(account.stopped).toEqual([first?.taskArn]);
  await account.clock.runUntil(() => account.tasks.size === QUOTA + 5);
  const begun = account.clock.now();
  await later?.jobEnds(second);
  await account.clock.runUntil(() => account.tasks.size === QUOTA + 6);
  expect(account.clock.now() - begun).toBeLessThan(STOPPING + 5_000);
});

it("the next task begins soon after one has ended that is slow to stop", async () => {
  const account = new Account("starts some");
  account.stopping = 55_000;
  const { running, later } = await account.fanOut();
  await account.clock.runUntil(() => running.length === QUOTA);
  const begun = account.clock.now();
  await later?.jobEnds(running[0]);
  await account.clock.runUntil(() => account.tasks.size === QUOTA + 1);
  expect(account.clock.now() - begun).toBeLessThan(account.stopping + 5_000);
});

it("while a job is under way the rest waits for it, and 'start-timeout' counts from the last end", async () => {
  const account = new Account("refuses the call");
  const { running, failures, later } = await account.fanOut();
  await account.clock.runUntil(() => running.length === QUOTA);
  // From now on another user takes all that the account may run.
  account.foreign = QUOTA;
  for (const target of running.splice(1)) await later?.jobEnds(target);
  const begun = account.clock.now();
  await account.clock.runUntil(() => account.clock.now() - begun > 3 * PATIENCE);
  expect(failures).toEqual([]);
  for (const target of running.splice(0)) await later?.jobEnds(target);
  const last = account.clock.now();
  await account.clock.runUntil(() => failures.length === FAN_OUT - QUOTA);
  expect(account.clock.now() - last).toBeGreaterThan(PATIENCE - MINUTE);
  expect(account.clock.now() - last).toBeLessThanOrEqual(PATIENCE);
  expect(failures[0]).toMatchObject({
    code: "task-not-started",
    seen: expect.stringContaining(WORDS) as string,
    advice: expect.stringContaining("Fargate On-Demand vCPU resource count") as string,
  });
});

it("without a refusal no task is stopped before the step's end", async () => {
  const account = new Account("starts some");
  account.foreign = -FAN_OUT;
  const { running, later } = await account.fanOut();
  await account.clock.runUntil(() => running.length === FAN_OUT);
  for (const target of running) await later?.jobEnds(target);
  expect(account.stopped).toEqual([]);
});

it("a kept task is not stopped", async () => {
  const account = new Account("starts some");
  const { running, later } = await account.fanOut();
  await account.clock.runUntil(() => running.length === QUOTA);
  await later?.jobEnds(undefined);
  expect(account.stopped).toEqual([]);
  await later?.close();
});

it("a start whose call fails after a cancel ends with the cancel: the cleanup may have taken what the call needed", async () => {
  const cancel = new AbortController();
  const cancelled = new Failure("cancelled", { failed: "", seen: "", advice: "" });
  const cause = { $metadata: { httpStatusCode: 400, mayHaveWorked: true } };
  const gone = new Failure("task-definition-not-found", { failed: "", seen: "", advice: "", cause });
  const where: NewTasks = {
    ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "web" }, service: undefined },
    ...{ tasks: 1, start: startInputs() },
  };
  const runTask = (): Promise<RunTaskAnswer> => {
    cancel.abort(cancelled);
    return Promise.reject(gone);
  };
  const describeTaskDefinition = () => Promise.resolve(aDefinition([{ entryPoint: ["sh", "-c"] }]));
  const context = resolveContextOf(where, { runTask, describeTaskDefinition }, { signal: cancel.signal });
  await expect(resolveTargets(context)).rejects.toBe(cancelled);
});
