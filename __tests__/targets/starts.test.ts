import type { RunTaskAnswer, RunTaskRequest } from "../../src/aws/ecs.ts";
import type { Task } from "../../src/aws/task.ts";
import { asFailure, type Failure } from "../../src/errors.ts";
import type { NewTasks } from "../../src/inputs/inputs.ts";
import { waitUntilReady } from "../../src/ready/wait.ts";
import { stuckAfter } from "../../src/targets/candidates.ts";
import { removeResource, type MadeResource } from "../../src/targets/made/made-resource.ts";
import { findReplacement } from "../../src/targets/replacement.ts";
import { resolveTargets } from "../../src/targets/resolve.ts";
import type { Target } from "../../src/targets/target.ts";
import { WaitLines } from "../../src/waiting.ts";
import { Listener } from "../helpers/listener.ts";
import { resolveContextOf } from "../helpers/resolving.ts";
import { startInputs } from "../helpers/start-inputs.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aContainer, aDefinition, aTask, ID, TASK } from "../helpers/tasks.ts";

const STARTS = 1_000;
const MINUTE = 60_000;

const web: NewTasks = {
  kind: "new",
  of: { kind: "task-definition", taskDefinition: "web" },
  service: undefined,
  tasks: 1,
  start: startInputs({ subnets: ["subnet-1", "subnet-2"] }),
};

/** What happens to a start. */
type Fate = "good" | "stuck" | "no capacity" | "no capacity later" | "throttled later" | "always stuck";

/** The ECS of one start, whose first tries meet `fate`. Each try that starts a task adds one to `tasks`. */
class OneStart {
  readonly clock = new SleeplessClock();
  readonly log = new Listener();
  readonly tasks = new Map<string, { readonly begun: number; readonly fate: Fate; stopped: boolean }>();
  readonly requests: RunTaskRequest[] = [];
  readonly #fate: Fate;

  constructor(fate: Fate) {
    this.#fate = fate;
  }

  runTask = (request: RunTaskRequest): Promise<RunTaskAnswer> => {
    this.requests.push(request);
    const tries = this.requests.length;
    if (this.#fate === "no capacity" && tries < 4)
      return Promise.resolve({
        tasks: [],
        refusals: [{ reason: "Capacity is unavailable at this time", detail: undefined }],
      });
    const isLate = tries < 3 && this.#fate.endsWith("later");
    const isStuck = this.#fate === "always stuck" || (this.#fate === "stuck" && tries === 1);
    const arn = TASK.replace(ID, tries.toString(16).padStart(32, "0"));
    const fate = isLate || isStuck ? this.#fate : "good";
    this.tasks.set(arn, { begun: this.clock.now(), fate, stopped: false });
    return Promise.resolve({ tasks: [aTask({ arn, lastStatus: "PROVISIONING" })], refusals: [] });
  };

  stopTask = (_: string, arn: string): Promise<void> => {
    const task = this.tasks.get(arn);
    if (task !== undefined) task.stopped = true;
    return Promise.resolve();
  };

  describeTask = (_: string, arn: string): Promise<Task | undefined> => {
    const task = this.tasks.get(arn);
    if (task === undefined) return Promise.resolve(undefined);
    const age = this.clock.now() - task.begun;
    const containers = [aContainer({ lastStatus: "PENDING" })];
    const starting = { arn, containers, startedAt: undefined };
    if (age < 12_000 || task.fate.includes("stuck")) return show({ ...starting, lastStatus: "PROVISIONING" });
    if (task.fate.endsWith("later")) {
      task.stopped = true;
      const stoppedReason =
        task.fate === "no capacity later"
          ? "Capacity is unavailable at this time."
          : "ResourceInitializationError: unable to pull secrets: ThrottlingException: Rate exceeded";
      return show({
        ...{ ...starting, lastStatus: "STOPPED", desiredStatus: "STOPPED" },
        ...{ stopCode: "TaskFailedToStart", stoppedReason },
      });
    }
    if (age < 40_000) return show({ ...starting, lastStatus: "PENDING", pullStartedAt: 1 });
    return show({ arn });
  };

  get running(): number {
    return [...this.tasks.values()].filter(({ stopped }) => !stopped).length;
  }
}

function show(more: Partial<Task>): Promise<Task> {
  return Promise.resolve(aTask(more));
}

/** Starts a task as a step does, until it takes a session, and undoes all of it. */
async function start(fate: Fate): Promise<{ readonly ecs: OneStart; readonly failure: Failure | undefined }> {
  const ecs = new OneStart(fate);
  let undo: readonly MadeResource[] = [];
  const { runTask, stopTask, describeTask, clock, log } = ecs;
  const describeTaskDefinition = () => Promise.resolve(aDefinition([{ entryPoint: ["sh", "-c"] }]));
  const rig = resolveContextOf(web, { runTask, stopTask, describeTaskDefinition });
  const context = { ...rig, clock, log, onUndo: (made: readonly MadeResource[]) => (undo = made) };
  let failure: Failure | undefined;
  try {
    const { targets, candidates } = await resolveTargets(context);
    for (let target: Target | undefined = targets[0]; target !== undefined;) {
      failure = await waitUntilReady(target, clock.now() + 10 * MINUTE, {
        ...{ ecs: { describeTask }, clock, lines: new WaitLines({ clock, log }), signal: undefined },
        stuckAfter: stuckAfter(candidates, target),
      }).then(() => undefined, asFailure);
      if (failure === undefined) {
        // All but the one that the job runs in have been stopped already.
        expect(ecs.running).toBe(1);
        break;
      }
      target = await findReplacement(target, failure, candidates, context);
    }
  } catch (error) {
    failure = asFailure(error);
  }
  const calls = { stopTask } as unknown as Parameters<typeof removeResource>[1];
  for (const made of undo) await removeResource(made, calls, "over", log);
  return { ecs, failure };
}

it("of a thousand starts, of which one in a hundred sticks and one in a hundred finds no capacity, none fails and no task is left", async () => {
  const fates = Array.from({ length: STARTS }, (_, at): Fate =>
    at % 100 === 7 ? "stuck" : at % 100 === 55 ? "no capacity" : "good",
  );
  const ends = await Promise.all(fates.map(start));
  expect(ends.flatMap(({ failure }) => failure?.message ?? [])).toEqual([]);
  expect(ends.map(({ ecs }) => ecs.running).filter((running) => running > 0)).toEqual([]);
  const tasks = ends.map(({ ecs }) => ecs.tasks.size);
  expect(tasks.filter((count) => count > 1)).toHaveLength(STARTS / 100);
});

it.each<Fate>(["no capacity later", "throttled later"])(
  "a start that ends for %s is tried again",
  async (fate) => {
    const { ecs, failure } = await start(fate);
    expect([failure, ecs.tasks.size, ecs.running]).toEqual([undefined, 3, 0]);
    expect(ecs.log.lines.filter((line) => line.includes("trying again in"))).toHaveLength(2);
  },
);

it("a task that sticks is replaced once, and its replacement has all of 'start-timeout'", async () => {
  const { ecs, failure } = await start("always stuck");
  expect(failure).toMatchObject({ code: "timed-out" });
  expect([ecs.tasks.size, ecs.running]).toEqual([2, 0]);
  expect(ecs.log.lines).toContainEqual(
    expect.stringMatching(
      /made no progress for 1[89]\d s before it ran\. It is stopped, and another one is started\.$/,
    ),
  );
});
