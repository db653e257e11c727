import { writeFileSync } from "node:fs";
import { CreateServiceCommand, StopTaskCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import type { TaskOrder } from "../../local/orders.ts";
import type { Task } from "../../local/task/task.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws } from "../helpers/local.ts";
import { until } from "../helpers/until.ts";

/** One look sees that the task has ended, and some more wait for the reason. */
const MOST_LOOKS = 4;

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

interface StopCase {
  readonly result: StepResult;
  /** How often main looked at the task after it was told to stop. */
  readonly looks: number;
}

/** Runs a job that would last for minutes, and stops its task once the job has begun. */
async function stopDuringJob(task: Task, stop: () => Promise<unknown>): Promise<StopCase> {
  const looks = (): number => aws.calls("DescribeTasks", task.id).length;
  let before = 0;
  const result = await aws.step(
    { task: task.id, run: "echo begun; sleep 300; echo not reached" },
    {
      onLine: (line) => {
        if (line !== "begun") return;
        before = looks();
        void stop();
      },
    },
  );
  return { result, looks: looks() - before };
}

const order =
  (of: Omit<TaskOrder, "task">) =>
  (task: Task): Promise<void> =>
    aws.world.local.inject({ task: { task: task.id, ...of } });

/** How the task stops, and the text for the user. */
const all: readonly (readonly [string, (task: Task) => Promise<unknown>, readonly (string | RegExp)[]])[] = [
  [
    "Spot takes its capacity back",
    order({ stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." }),
    ["stop code SpotInterruption", "Your Spot Task was interrupted.", "Fargate Spot took its capacity back"],
  ],
  [
    "its container runs out of memory",
    order({
      container: {
        exitCode: 137,
        reason: "OutOfMemoryError: Container killed due to memory usage",
      },
    }),
    [
      "stop code EssentialContainerExited",
      "container 'app' exited with 137 (OutOfMemoryError: Container killed due to memory usage)",
      "raise 'memory'",
    ],
  ],
  [
    "another principal stops it",
    (task) =>
      aws.world.ecs.send(
        new StopTaskCommand({ cluster: aws.world.made.cluster, task: task.arn, reason: "tidying up" }),
      ),
    ["stop code UserInitiated", "tidying up", "ecs:StopTask stopped the task; CloudTrail shows which one"],
  ],
  [
    "its host is lost, and the session is not told",
    order({ stopCode: "TerminationNotice", stoppedReason: "Task maintenance", abrupt: true }),
    ["stop code TerminationNotice", "Task maintenance"],
  ],
];

// The last one is the only one whose session is not told. The last test here has Spot, too.
const cases = everyNth(all, 4, 1);

let results: ReadonlyMap<string, Promise<StopCase>>;

beforeAll(async () => {
  // All at once, and beside the other tests, since they mostly wait for the task monitor.
  const tasks = await Promise.all(cases.map(() => aws.runningTask()));
  results = new Map(
    cases.map(([name, stop], at) => {
      const task = tasks[at];
      if (task === undefined) throw new Error("no task");
      return [name, stopDuringJob(task, () => stop(task))];
    }),
  );
});

it.concurrent.each(cases)(
  "the task stops while the job runs because %s: the step says so at its next looks at the task",
  async (name, _, words) => {
    const stopped = await results.get(name);
    if (stopped === undefined) throw new Error("not run");
    const { result, looks } = stopped;
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(MOST_LOOKS);
    expect(result.conclusion).toBe("failure");
    expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "unknown", stdout: "begun" });
    expect(result.annotations).toHaveLength(1);
    const [annotation] = result.annotations;
    expect(annotation).toMatchObject({ level: "error", title: "fargate-exec: task-stopped" });
    for (const word of words) expect(annotation?.message).toContain(word);
    expect(result.summary).toContain(words[0]);
    expect(result.post?.conclusion).toBe("success");
  },
);

/** Creates a service with one task. Returns the task once it takes sessions. */
async function createService(serviceName: string): Promise<Task> {
  const { local, made, ecs } = aws.world;
  await ecs.send(
    new CreateServiceCommand({
      ...{ cluster: made.cluster, serviceName, taskDefinition: made.taskDefinition, desiredCount: 1 },
      ...{ launchType: "FARGATE", enableExecuteCommand: true },
      platformVersion: "LATEST",
      networkConfiguration: {
        awsvpcConfiguration: { subnets: [...made.subnets], securityGroups: [...made.securityGroups] },
      },
    }),
  );
  const connected = (task: Task): boolean =>
    [...task.agents.values()].every((agent) => agent.connected !== undefined);
  const found = (): Task | undefined =>
    local.tasks.find((task) => task.plan.group === `service:${serviceName}` && connected(task));
  await until(() => found() !== undefined);
  const task = found();
  if (task === undefined) throw new Error("the service has no task");
  return task;
}

const changes = {
  "scale-in": { desiredCount: 0 },
  "a deployment": { forceNewDeployment: true },
} as const;

/** Runs a job in a task of a service of its own, and changes the service while the job runs. */
async function changeDuringJob(change: keyof typeof changes, inputs: Readonly<Record<string, string>>) {
  const { made, ecs } = aws.world;
  const service = `${change.replace(" ", "-")}-${Object.keys(inputs).join()}`;
  const task = await createService(service);
  const run = "echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; echo gone on; exit 7";
  const apply = async (): Promise<void> => {
    await ecs.send(new UpdateServiceCommand({ cluster: made.cluster, service, ...changes[change] }));
    if (task.isProtected) writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/tmp/go`, "");
  };
  const result = await aws.step(
    { service, run, ...inputs },
    {
      onLine: (line) => {
        if (line === "begun") void apply();
      },
    },
  );
  return { result, task };
}

itInSoak.concurrent.each(Object.keys(changes) as (keyof typeof changes)[])(
  "%s during a job waits for the job's end: the exit status is exact, and then the task is stopped",
  async (change) => {
    const { result, task } = await changeDuringJob(change, {});
    expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: "begun\ngone on" });
    await until(() => task.stopCode === "ServiceSchedulerInitiated");
    expect(task.isProtected).toBe(false);
  },
);

/** A script with one command for the first attempt of a job and another for the second. */
const byAttempt = (first: string, second: string): string =>
  `case $FARGATE_EXEC_RUN in *-a2) ${second} ;; *) ${first} ;; esac`;

itInSoak.concurrent("a job whose task Spot takes is run again on demand, when 'retry' says so", async () => {
  const spotted: Task[] = [];
  const result = await aws.step(
    {
      ...aws.newTask(),
      ...{ "capacity-providers": "FARGATE_SPOT", retry: "spot" },
      run: byAttempt("echo one; sleep 60", "echo two"),
    },
    {
      onLine: (line) => {
        if (line !== "one") return;
        const task = aws.world.local.tasks.findLast(({ plan }) => plan.capacityProvider !== undefined);
        if (task === undefined) return;
        spotted.push(task);
        void order({ stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." })(task);
      },
    },
  );
  expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded", stdout: "two" });
  expect(aws.taskOf(result)).not.toBe(spotted[0]);
  expect(aws.taskOf(result).plan.capacityProvider).toBeUndefined();
});
