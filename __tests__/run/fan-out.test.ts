import { jest } from "@jest/globals";
import type { Aws } from "../../src/aws/calls.ts";
import type { Task } from "../../src/aws/task.ts";
import { systemClock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { runJobs } from "../../src/run/fan-out.ts";
import type { FailedResult, Result } from "../../src/report/result.ts";
import { ItemQueue } from "../../src/run/items/item-queue.ts";
import type { StepContext } from "../../src/run/step-context.ts";
import { ServiceCandidates } from "../../src/targets/tasks/service-candidates.ts";
import type { Candidates } from "../../src/targets/candidates.ts";
import { targetOf } from "../../src/targets/target.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { lockOnMachine } from "../../src/queue/machine-lock.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { Ledger } from "../../src/undo/ledger.ts";
import { anInputs } from "../helpers/runs.ts";
import { origin } from "../helpers/start-inputs.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aContainer, aDefinition, aTask, ID, TASK } from "../helpers/tasks.ts";

const task = (id: string, more: Partial<Task> = {}): Task =>
  aTask({ arn: TASK.replace(ID, id.repeat(32)), ...more });
const stopped = { containers: [aContainer({ lastStatus: "STOPPED", exitCode: 1 })] };
const withoutAgent = { containers: [aContainer({ execAgent: { status: "STOPPED", reason: undefined } })] };
const withoutExec = { enableExecuteCommand: false };

interface Options {
  readonly targets?: number;
  readonly candidates?: Candidates;
  /** Whether the step has started the tasks. */
  readonly started?: boolean;
  readonly summary?: boolean;
  readonly inputs?: Partial<Inputs>;
  /** Called when a job looks at the sessions of its container, which is always in use. */
  readonly onQueue?: (cancel: AbortController) => void;
}

/** Runs the job in the first of these tasks, or in as many as `targets` says. It can start in none of them. */
function runInTargets(
  tasks: readonly Task[],
  {
    targets = 1,
    candidates = { kind: "none" },
    started = false,
    summary = true,
    inputs = {},
    onQueue = () => undefined,
  }: Options = {},
) {
  const log = new Listener();
  const looks: string[][] = [];
  const cancel = new AbortController();
  const find = (arns: readonly string[]) => {
    looks.push(arns.map((arn) => arn.slice(-1)));
    return Promise.resolve(tasks.filter(({ arn }) => arns.includes(arn)));
  };
  const aws = {
    ecs: {
      describeTask: async (_: string, arn: string) => (await find([arn]))[0],
      describeTasks: (_: string, arns: readonly string[]) => find(arns),
      describeTaskDefinition: () => Promise.resolve(aDefinition()),
    },
    ssm: {
      listActiveSessions: () => {
        onQueue(cancel);
        return Promise.resolve([{ id: "s-1", since: 0, status: "Connected" }]);
      },
    },
    ec2: {
      describeNetworkInterface: () =>
        Promise.resolve({ vpcId: "vpc-1", publicIp: "203.0.113.7", securityGroups: [] }),
      describeVpcEndpoints: nothing,
      describeRouteTables: nothing,
      describeSecurityGroups: nothing,
    },
    iam: { listDenied: nothing },
    ecr: { describeImageSize: () => Promise.resolve({ bytes: 126, isMost: false }) },
  } as unknown as Aws;
  const step: StepContext = {
    inputs: anInputs({ secrets: { TOKEN: "ab" }, summary, ...inputs }),
    origin,
    aws,
    undoing: aws,
    ledger: new Ledger({ region: "eu-west-1", undo: [] }, () => undefined),
    clock: new SleeplessClock(),
    env: {},
    log,
    reader: "workflow",
    writer: () => () => undefined,
    drained: () => Promise.resolve(),
    cancel: cancel.signal,
    giveUp: (why) => cancel.abort(why),
    budget: new StepBudget(),
    workspace: "/nowhere",
    readFile: () => Buffer.alloc(0),
    runner: "/work:/temp",
    machineLock: lockOnMachine,
    gunzip: realWorld.gunzip,
  };
  const [first, ...more] = tasks.slice(0, targets).map((one) => targetOf(one, "app", started));
  if (first === undefined) throw new Error("a run has a target");
  const resolved = { targets: [first, ...more] as const, described: [], mayHavePublicIp: true, candidates };
  return { run: () => runJobs(resolved, { exec: Promise.resolve(undefined) }, step), log, looks };
}

const nothing = () => Promise.resolve([]);
const codeOf = (result: Result | undefined) => (result as FailedResult).failure.code;

it("says why the job did not start in its only task, with the task's addresses", async () => {
  const result = await runInTargets([task("1", stopped)]).run();
  expect(result).toMatchObject({
    kind: "failed",
    outcome: "not-started",
    failure: { code: "container-stopped" },
    task: { target: { taskId: "1".repeat(32), privateIp: "10.0.0.7" }, publicIp: "203.0.113.7" },
  });
});

it.each([
  [{ started: true }, { bytes: 126, isMost: false, isOnly: true }],
  [{ started: true, summary: false }, undefined],
  [{ started: false }, undefined],
])("learns the size of a started task's image for the summary: %j", async (options, pulled) => {
  const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1";
  const containers = [aContainer({ ...stopped.containers[0], image, imageDigest: "sha256:1" })];
  const result = await runInTargets([task("1", { containers, pullStoppedAt: 1 })], options).run();
  expect((result as FailedResult).task?.pulled).toEqual(pulled);
});

it("reports each of several tasks by itself, in their order, each line behind its task's label", async () => {
  const { run, log, looks } = runInTargets([task("1", stopped), task("2", withoutAgent)], { targets: 2 });
  const result = await run();
  expect(result.kind === "several" && result.tasks.map(codeOf)).toEqual([
    "container-stopped",
    "exec-agent-stopped",
  ]);
  expect(log.lines).toContainEqual(expect.stringMatching(/^\[task 1\] What ECS Exec needs/));
  // This warning is the same for both tasks, so it is shown once.
  expect(log.lines.filter((line) => !/^\[task [01]\] /.test(line))).toEqual([
    "warning: These secrets have a line that is too short to be redacted: TOKEN.",
  ]);
  // One call looks for both jobs.
  expect(looks[0]).toEqual(["1", "2"]);
});

describe("in a service whose task is in use", () => {
  const service = (tasks: readonly Task[]) =>
    new ServiceCandidates({ cluster: "ci", service: "web" }, tasks, tasks.slice(0, 1), {
      container: "app",
      isOnlyJob: true,
      random: systemClock.random,
    });

  it("goes to another task, and ends with what keeps it from starting there", async () => {
    const [first, other] = [task("1"), task("2")];
    const { run, log } = runInTargets([first, { ...other, ...withoutExec }], {
      candidates: service([first, other]),
    });
    const result = await run();
    expect(codeOf(result)).toBe("exec-not-enabled");
    expect(result).toMatchObject({ task: { target: { taskId: other.arn.slice(-32) } } });
    expect(log.lines).toContainEqual(expect.stringMatching(/Trying task 2{32} of the service\.$/));
  });

  it("waits for a seat in the last one, for as long as 'queue-timeout' says", async () => {
    const tasks = [task("1"), task("2")];
    const { run, log } = runInTargets(tasks, { candidates: service(tasks) });
    const result = await run();
    expect(codeOf(result)).toBe("container-busy");
    expect(log.lines.filter((line) => line.includes("Trying task"))).toHaveLength(2);
    expect((result as FailedResult).failure.failed).toMatch(/had no seat for this run within 36\d\d s\./);
  });

  it("tries no other task once the run is cancelled", async () => {
    const tasks = [task("1"), task("2")];
    const reason = new Failure("cancelled", { failed: "The run was cancelled.", seen: "", advice: "" });
    const onQueue = (cancel: AbortController) => cancel.abort(reason);
    const { run, log } = runInTargets(tasks, { candidates: service(tasks), onQueue });
    expect(await run()).toMatchObject({ outcome: "cancelled", exitCode: undefined });
    expect(log.lines.filter((line) => line.includes("Trying task"))).toEqual([]);
  });
});

describe("when the task of a job with items is lost", () => {
  const lost = task("1", { lastStatus: "STOPPED", stopCode: "SpotInterruption" });
  const itemFiles = { path: "/nowhere", reports: [], missing: "warn" };

  it.each([
    ["run again before the others hear that nothing more comes, when 'retry' says so", ["spot"], true],
    ["stay lost for another reason", ["unknown"], false],
  ] as const)("what it had %s", async (_, reasons, runsAgain) => {
    const leave = jest.spyOn(ItemQueue.prototype, "leave");
    const inputs = {
      ...{ items: { source: { kind: "list", items: ["a", "b"] }, batch: 1 }, itemFiles },
      retry: { reasons, exitCodes: [], attempts: 2 },
    } as unknown as Partial<Inputs>;
    await runInTargets([lost], { started: true, inputs }).run();
    expect(leave.mock.calls[0]?.[2]).toMatchObject({ runsAgain });
    leave.mockRestore();
  });
});
