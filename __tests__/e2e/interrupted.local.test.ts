import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../local/faults.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { SIGTERM_AFTER_MS } from "../../src/undo/budget.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { inTurn } from "../helpers/image-tasks.ts";
import {
  Aws,
  definition,
  type Inputs,
  jobDirectories,
  pidOf,
  processes,
  type StepOptions,
} from "../helpers/local.ts";
import { quietTime, UNHURRIED } from "../helpers/quiet-time.ts";
import { PATIENCE_MS } from "../helpers/until.ts";

/** The facts that a moment is recognised by. */
interface Observation {
  readonly aws: Aws;
  /** The lines of main and of post. */
  readonly lines: readonly string[];
  /** Calls since the step began. */
  readonly calls: (operation: string) => readonly RecordedRequest[];
  /** Tasks that the step has started. */
  readonly tasks: readonly Task[];
  /** The running task, when the step is to run in one. */
  readonly task: Task;
  /** Milliseconds since the process began; 0 before. */
  readonly age: number;
}

interface Moment {
  readonly name: string;
  readonly inputs: (aws: Aws, task: Task) => Inputs;
  readonly files?: StepOptions["files"];
  /** The cluster of the running task; the seed's unless given. */
  readonly cluster?: (aws: Aws) => string;
  /** Calls that are slowed down, so that the moment lasts. */
  readonly faults?: readonly Fault[];
  readonly when: (seen: Observation) => boolean;
  /**
   * `kill`: SIGKILL to main, which leaves everything to post. `twice`: the same, then SIGINT to post while post stops a task.
   * Unless given, the step is cancelled as by the button on GitHub.
   */
  readonly by?: "kill" | "twice";
  /** Called just before the interruption. */
  readonly before?: (aws: Aws) => Promise<void>;
  /** Text that main's and post's log together must have. */
  readonly says: readonly RegExp[];
}

/** Things that were not there before the step and are still there. */
interface Remains {
  readonly tasks: readonly string[];
  readonly objects: readonly string[];
  readonly definitions: readonly string[];
  readonly processes: readonly string[];
  readonly directories: readonly string[];
  readonly sessions: readonly string[];
  readonly protections: readonly string[];
}

interface Interruption {
  readonly result: StepResult;
  /** Milliseconds from the interruption to the end of main. */
  readonly took: number;
  /** The same by `quietTime`. */
  readonly tookQuietly: number;
  /** Milliseconds from the interruption to StopTask for each task that the step knew of. */
  readonly asked: readonly number[];
  readonly remains: Remains;
  /** The running task. The step ran in it, unless its inputs started another one. */
  readonly task: Task;
  /** Main's and post's log. */
  readonly log: string;
}

const NOTHING: Remains = {
  tasks: [],
  objects: [],
  definitions: [],
  processes: [],
  directories: [],
  sessions: [],
  protections: [],
};

const LOOK_EVERY_MS = 4;
const LATEST_MS = 45_000;
let marks = 0;

/** Runs a step, interrupts it at the moment, and waits until nothing of it is left. */
async function interrupt(moment: Moment, aws: Aws): Promise<Interruption> {
  const { local } = aws.world;
  // A kept-alive connection may be closed just as it is used again.
  const running = (): Promise<Task> => aws.runningTask(undefined, moment.cluster?.(aws));
  const task = await running().catch(running);
  const before = await footprint(aws, task);
  const requestsBefore = local.requests.length;
  const tasksBefore = new Set(local.tasks);
  const mark = `MARK=${process.pid}-${(marks += 1)}`;
  const lines: string[] = [];
  const button = new AbortController();
  for (const fault of moment.faults ?? []) local.fail(fault);

  let born = 0;
  const seen: Observation = {
    aws,
    lines,
    task,
    calls: (operation) =>
      local.requests.slice(requestsBefore).filter((call) => call.operation.startsWith(operation)),
    get tasks() {
      return local.tasks.filter((one) => !tasksBefore.has(one));
    },
    get age() {
      if (born === 0 && pidOf(mark) !== undefined) born = Date.now();
      return born === 0 ? 0 : Date.now() - born;
    },
  };

  const over = new AbortController();
  let [at, quietAt] = [0, 0];
  let told: ReadonlySet<string> = new Set();
  const watching = (async () => {
    while (!moment.when(seen)) {
      if (over.signal.aborted) return;
      await sleep(LOOK_EVERY_MS);
    }
    await moment.before?.(aws);
    [at, quietAt] = [Date.now(), quietTime()];
    told = tasksNamedIn(lines, seen.tasks);
    if (moment.by === undefined) button.abort();
    else interruptProcess(pidOf(mark), "SIGKILL");
    if (moment.by !== "twice") return;
    // The step's end bounds this wait, too.
    while (seen.calls("StopTask").length === 0) {
      if (over.signal.aborted) throw new Error(`post stopped no task:\n${lines.join("\n")}`);
      await sleep(LOOK_EVERY_MS);
    }
    interruptProcess(pidOf(mark, "dist/post.js"), "SIGINT");
  })();
  // Reported by the await below, however long the step still takes.
  watching.catch(() => undefined);
  // A step whose moment never comes must not hold up the other tests.
  const late = setTimeout(() => button.abort(), LATEST_MS);

  let [ended, quietEnd] = [0, 0];
  const inputs = moment.inputs(aws, task);
  const result = await aws.step(
    { env: mark, ...inputs },
    {
      ...(moment.files && { files: moment.files }),
      signal: button.signal,
      patience: UNHURRIED,
      onLine: (line) => lines.push(line),
      beforePost: () => {
        [ended, quietEnd] = [Date.now(), quietTime()];
      },
    },
  );
  clearTimeout(late);
  over.abort();
  await watching;
  if (at === 0) throw new Error(`the moment "${moment.name}" never came:\n${lines.join("\n")}`);
  local.calm();

  // The stop command itself waits ten seconds for a job that has not started yet.
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const remains = difference(await footprint(aws, task), before);
    if (Object.values(remains).flat().length === 0 || Date.now() > until) {
      const stops = seen.calls("StopTask");
      const asked = [...told].map((arn) => {
        const stop = stops.find(({ body }) => JSON.stringify(body).includes(arn));
        return (stop?.at ?? Infinity) - at;
      });
      await Promise.all(seen.tasks.map((one) => one.destroy()));
      const log = [...result.log, ...(result.post?.log ?? [])].join("\n");
      const took = { took: ended - at, tookQuietly: quietEnd - quietAt };
      return { result, ...took, asked, remains, task, log };
    }
    await sleep(50);
  }
}

function interruptProcess(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error(`the process that is to get ${signal} has ended`);
  process.kill(pid, signal);
}

/** Tasks that the step's log names. */
function tasksNamedIn(lines: readonly string[], tasks: readonly Task[]): ReadonlySet<string> {
  const said = lines.join("\n");
  return new Set(tasks.filter(({ id }) => said.includes(`Started task ${id}`)).map(({ arn }) => arn));
}

async function footprint(aws: Aws, task: Task): Promise<Remains> {
  const { local } = aws.world;
  const alive = local.tasks.filter(({ lastStatus }) => lastStatus === "RUNNING");
  return {
    tasks: local.tasks
      .filter(
        ({ plan, lastStatus }) => plan.startedBy?.startsWith("fargate-exec/") && lastStatus !== "STOPPED",
      )
      .map(({ id, lastStatus }) => `${id} ${lastStatus}`),
    objects: await aws.objects(),
    definitions: await aws.definitions(),
    processes: processes(task).map(({ innerPid, command }) => `${innerPid} ${command}`),
    directories: jobDirectories(task),
    sessions: local.gateway.sessions
      .filter(({ ended, target }) => !ended && alive.some(({ id }) => target.includes(id)))
      .map(({ sessionId }) => sessionId),
    protections: local.tasks.filter(({ isProtected }) => isProtected).map(({ id }) => id),
  };
}

function difference(now: Remains, before: Remains): Remains {
  const more = (name: keyof Remains): string[] => now[name].filter((one) => !before[name].includes(one));
  return Object.fromEntries(
    Object.keys(NOTHING).map((name) => [name, more(name as keyof Remains)]),
  ) as unknown as Remains;
}

const LANES = 2;

const IMAGE = "example.com/tools/python:3";
const SILENT = "echo begun; exec sleep 300";

const bucket = (aws: Aws): Inputs => ({ bucket: aws.world.made.bucket });
const fromFamily = (aws: Aws): Inputs => ({ ...aws.newTask(), ...bucket(aws), run: SILENT });
const fromImage = (aws: Aws): Inputs => ({
  image: IMAGE,
  subnets: aws.world.made.subnets.join(","),
  "task-role": `arn:aws:iam::${aws.world.local.accountId}:role/demo-task`,
  ...bucket(aws),
  run: SILENT,
});
/** A new task of the service's definition with this image. */
const withImage = (aws: Aws): Inputs => ({
  ...{ service: aws.world.made.service, image: IMAGE, ...bucket(aws) },
  run: SILENT,
});
const fromFile = (aws: Aws): Inputs => ({ ...aws.newTask("ops/job.json"), ...bucket(aws), run: SILENT });
const FILES = {
  "ops/job.json": JSON.stringify(
    definition(
      "from-file",
      [{ name: "app", image: IMAGE, essential: true, command: ["sleep", "600"] }],
      "123456789012",
    ),
  ),
};
const likeService =
  (run: string, more: Inputs = {}) =>
  (aws: Aws): Inputs => ({ service: aws.world.made.service, start: "true", ...bucket(aws), run, ...more });
const inTask =
  (run: string, more: Inputs = {}) =>
  (aws: Aws, task: Task): Inputs => ({ task: task.id, ...bucket(aws), run, ...more });
const inService =
  (run: string) =>
  (aws: Aws): Inputs => ({ service: aws.world.made.service, run });
/** A script that is typed into the session. */
const typed =
  (run: string, more: Inputs = {}) =>
  (_: Aws, task: Task): Inputs => ({ task: task.id, run, ...more });

const encrypted = (aws: Aws): string => aws.world.made.kmsCluster;

const slow = (operation: string, delay: number) => [{ operation, delay }];
const called =
  (operation: string) =>
  ({ calls }: Observation): boolean =>
    calls(operation).length > 0;
const said =
  (line: RegExp) =>
  ({ lines }: Observation): boolean =>
    lines.some((one) => line.test(one));
const reached =
  (status: string) =>
  ({ tasks }: Observation): boolean =>
    tasks.some(({ lastStatus }) => lastStatus === status);
/** Whether the newest session has a client, and has passed this many frames on in this direction. */
const connected =
  ({ to, frames }: { to: "to-agent" | "to-client"; frames: number } = { to: "to-client", frames: 0 }) =>
  ({ aws, calls }: Observation): boolean => {
    const session = calls("ExecuteCommand").length > 0 ? aws.world.local.gateway.sessions.at(-1) : undefined;
    return session?.connected === true && session.frames[to] >= frames;
  };
const scriptRuns = ({ task }: Observation): boolean =>
  processes(task).some(({ command }) => command.endsWith("/script"));

const told = /Cancelled: stopping what this run started/;
const stopped = [told, /Stopping task arn:/];
const reported = /error\]The run was cancelled\./;
const ended = [told, /Stopping the job in container 'app' of task \w+/];

const UNDER_WAY: Readonly<Record<string, string>> = {
  "while an image is being registered": "RegisterTaskDefinition",
  "while RunTask is under way": "RunTask",
  "while the script is being staged": "PUT /demo-staging/fargate-exec/*",
  "while ExecuteCommand is under way": "ExecuteCommand",
};

const all: readonly Moment[] = [
  { name: "as the process starts", inputs: fromFamily, when: () => true, says: [] },
  { name: "before inputs are read", inputs: fromFamily, when: ({ age }) => age > 40, says: [] },
  {
    name: "while it looks at the cluster",
    inputs: fromFamily,
    faults: slow("DescribeClusters", 2_000),
    when: called("DescribeClusters"),
    says: [told],
  },
  {
    name: "while it looks for the definition of an image",
    inputs: fromImage,
    faults: slow("DescribeTaskDefinition", 2_000),
    when: called("DescribeTaskDefinition"),
    says: [told],
  },
  {
    name: "while an image is being registered",
    inputs: fromImage,
    faults: slow("RegisterTaskDefinition", 700),
    when: called("RegisterTaskDefinition"),
    says: [told, /Deregistering arn:/],
  },
  {
    name: "while a slow registration of an image is under way",
    inputs: fromImage,
    faults: slow("RegisterTaskDefinition", 3_000),
    when: called("RegisterTaskDefinition"),
    says: [told, /Deregistering/],
  },
  {
    name: "while a file is being registered",
    inputs: fromFile,
    files: FILES,
    faults: slow("RegisterTaskDefinition", 700),
    when: called("RegisterTaskDefinition"),
    says: [told, /Deregistering arn:/],
  },
  {
    name: "while a slow registration of a file is under way",
    inputs: fromFile,
    files: FILES,
    faults: slow("RegisterTaskDefinition", 3_000),
    when: called("RegisterTaskDefinition"),
    says: [told, /Deregistering/],
  },
  {
    name: "once an image is registered",
    inputs: fromImage,
    when: said(/^Registered /),
    says: [told, /Deregistering arn:/],
  },
  {
    name: "while RunTask is under way",
    inputs: (aws) => ({ ...fromFamily(aws), hold: "false" }),
    faults: slow("RunTask", 700),
    when: called("RunTask"),
    says: stopped,
  },
  {
    // ECS receives the call only after its definition was deregistered, and refuses it.
    name: "while RunTask of the action's definition is under way",
    inputs: fromFamily,
    faults: slow("RunTask", 700),
    when: called("RunTask"),
    says: [told, /Stopping the task that was being started/, /Deregistering arn:/],
  },
  {
    name: "while a slow RunTask is under way",
    inputs: fromFamily,
    faults: slow("RunTask", 4_000),
    when: called("RunTask"),
    says: [told, /Stopping the task that was being started/],
  },
  {
    name: "while the slow second RunTask of a dozen tasks is under way",
    inputs: likeService(SILENT, { tasks: "12" }),
    faults: [{ operation: "RunTask", delay: 3_000, skip: 1 }],
    when: ({ calls }) => calls("RunTask").length > 1,
    says: [...stopped, /Stopping the task that was being started/],
  },
  {
    name: "while the task is provisioned",
    inputs: fromFamily,
    when: reached("PROVISIONING"),
    says: [told, /Stopping /],
  },
  { name: "while the image is pulled", inputs: fromFamily, when: reached("PENDING"), says: stopped },
  { name: "while the agent starts", inputs: fromImage, when: reached("RUNNING"), says: stopped },
  {
    name: "while the script is being staged for a new task",
    inputs: fromFamily,
    faults: slow("PUT /demo-staging/fargate-exec/", 1_000).map(anyOf),
    when: called("PUT /demo-staging"),
    says: [...stopped, /Deleting s3:/],
  },
  {
    name: "while the script is being staged for a task of others",
    inputs: inTask(SILENT),
    faults: slow("PUT /demo-staging/fargate-exec/", 1_000).map(anyOf),
    when: called("PUT /demo-staging"),
    says: [told, /Deleting s3:/],
  },
  {
    name: "while the step is queued for a container",
    inputs: inTask(SILENT),
    faults: slow("PUT /demo-staging/fargate-exec/claims/", 500).map(anyOf),
    when: called("PUT /demo-staging/fargate-exec/claims/"),
    says: [told, /Giving back the claim|Deleting s3:/],
  },
  {
    name: "while ExecuteCommand is under way in a new task",
    inputs: fromFamily,
    faults: slow("ExecuteCommand", 1_000),
    when: called("ExecuteCommand"),
    says: stopped,
  },
  {
    name: "while ExecuteCommand is under way in a task of others",
    inputs: inTask(SILENT),
    faults: slow("ExecuteCommand", 700),
    when: called("ExecuteCommand"),
    says: ended,
  },
  {
    name: "while a slow ExecuteCommand is under way in a task of others",
    inputs: inTask(SILENT),
    faults: slow("ExecuteCommand", 3_000),
    when: called("ExecuteCommand"),
    says: ended,
  },
  { name: "as the session opens", inputs: inTask(SILENT), when: connected(), says: ended },
  {
    name: "as an encrypted session opens",
    inputs: (aws) => ({ ...aws.newTask(), cluster: aws.world.made.kmsCluster, run: SILENT }),
    when: connected(),
    says: stopped,
  },
  {
    name: "as the container is ready for the script",
    inputs: typed(`${SILENT} # ${"x".repeat(60_000)}`),
    when: connected({ to: "to-client", frames: 2 }),
    says: ended,
  },
  {
    name: "while the script is being typed",
    inputs: typed(`${SILENT} # ${"x".repeat(90_000)}`),
    when: connected({ to: "to-agent", frames: 30 }),
    says: ended,
  },
  { name: "as the job starts", inputs: inTask("echo begun; sleep 300; :"), when: scriptRuns, says: ended },
  { name: "while the job is silent in a new task", inputs: fromFamily, when: said(/^begun$/), says: stopped },
  {
    name: "while the job is silent in a task of others",
    inputs: inTask(SILENT),
    when: said(/^begun$/),
    says: ended,
  },
  {
    name: "while the job is silent in a task of a service",
    inputs: inService(SILENT),
    when: said(/^begun$/),
    says: ended,
  },
  {
    name: "while the job prints",
    inputs: inTask("while :; do echo line; done"),
    when: ({ lines }) => lines.length > 500,
    says: ended,
  },
  {
    name: "while the job prints, packed",
    inputs: typed("yes 0123456789012345678901234567890123456789"),
    when: ({ lines }) => lines.length > 5_000,
    says: ended,
  },
  {
    name: "while a job with a cleanup of its own runs",
    inputs: inTask("trap 'sleep 1; echo cleaned up; exit 0' TERM; echo begun; while :; do sleep 0.1; done"),
    when: said(/^begun$/),
    says: [...ended, /^cleaned up$/m],
  },
  {
    name: "while workers run",
    inputs: inTask("(sleep 300; :) & echo begun; sleep 300; wait", { workers: "4" }),
    when: said(/^\[3\] begun$/),
    says: ended,
  },
  {
    name: "while jobs run in several new tasks",
    inputs: likeService(SILENT, { tasks: "3" }),
    when: said(/^\[task 2\] begun$/),
    says: stopped,
  },
  {
    name: "while a job that ignores TERM runs",
    inputs: inTask("trap '' TERM INT; echo begun; while :; do sleep 0.1; done"),
    when: said(/^begun$/),
    says: ended,
  },
  {
    name: "while no session reaches the job",
    inputs: inTask(SILENT),
    when: said(/^begun$/),
    before: (aws) => aws.world.local.inject({ session: { do: "silence" } }),
    says: ended,
  },
  ...(
    [
      ["comes after 700 ms", 700, /^/],
      ["does not come", 9_000, /What is left to undo is undone after it: \d/],
    ] as const
  ).map(([how, delay, left]): Moment => ({
    name: `while no session reaches the job in an encrypted cluster, and each answer of AWS ${how}`,
    inputs: (aws, task) => ({ ...typed(SILENT)(aws, task), cluster: encrypted(aws) }),
    cluster: encrypted,
    when: said(/^begun$/),
    before: (aws) =>
      aws.world.local.inject({
        api: { operation: "*", delay, lasts: 6_500 },
        session: { do: "silence" },
      }),
    says: [...ended, left, reported],
  })),
  {
    name: "as the job ends",
    inputs: inTask("echo begun; sleep 0.2; echo done"),
    when: said(/^done$/),
    says: [],
  },
  {
    name: "while the task is being stopped",
    inputs: (aws) => ({ ...fromImage(aws), run: "echo done" }),
    faults: slow("StopTask", 800),
    when: called("StopTask"),
    says: stopped.slice(1),
  },
  {
    name: "while the claim is given back",
    inputs: inTask("echo done"),
    faults: slow("DELETE /demo-staging/fargate-exec/claims/", 800).map(anyOf),
    when: called("DELETE /demo-staging/fargate-exec/claims/"),
    says: [],
  },
  ...(
    [
      ["while an image is being registered", fromImage, called("RegisterTaskDefinition"), /Deregistering/],
      [
        "while RunTask is under way",
        fromFamily,
        called("RunTask"),
        /Stopping the task that was being started/,
      ],
      ["while the script is being staged", inTask(SILENT), called("PUT /demo-staging"), /Deleting s3:/],
      ["while ExecuteCommand is under way", inTask(SILENT), called("ExecuteCommand"), /Stopping the job/],
      ["as the session opens", inTask(SILENT), connected(), /Stopping the job/],
      ["while the job runs in a task of others", inTask(SILENT), said(/^begun$/), /Stopping the job/],
      [
        "while the job runs in a task of a service",
        inService(SILENT),
        said(/^begun$/),
        /Ending the protection of task/,
      ],
      ["while the job runs in a new task", fromImage, said(/^begun$/), /Stopping task arn:/],
      [
        "while the job runs in a new task with another image in the service's definition",
        withImage,
        said(/^begun$/),
        /Deregistering arn:/,
      ],
      [
        "while the job runs in a task of a cluster that encrypts its sessions",
        (aws: Aws, task: Task) => ({ ...inTask(SILENT)(aws, task), cluster: encrypted(aws) }),
        said(/^begun$/),
        /Stopping the job/,
        encrypted,
      ],
    ] as const
  ).map(([name, inputs, when, says, cluster]): Moment => ({
    name: `killed ${name}`,
    by: "kill",
    inputs,
    ...(cluster && { cluster }),
    when,
    faults: slow("*", 700).map((fault) => ({ ...fault, operation: UNDER_WAY[name] ?? "None" })),
    says: [says],
  })),
  {
    name: "killed while the job runs in an encrypted cluster that the step may not describe",
    by: "kill",
    inputs: (aws, task) => ({ ...inTask(SILENT)(aws, task), cluster: encrypted(aws) }),
    cluster: encrypted,
    when: said(/^begun$/),
    faults: [
      {
        operation: "DescribeClusters",
        code: "AccessDeniedException",
        message: "User: example-ci is not authorized to perform: ecs:DescribeClusters on resource: *",
        times: 9,
      },
    ],
    says: [/Stopping the job/],
  },
  {
    // Only the container knows the session, and the agent of a paused session does not see the end of its command.
    name: "killed while ExecuteCommand is under way, and stopped when the gateway has paused the session",
    by: "kill",
    inputs: inTask(SILENT),
    when: called("ExecuteCommand"),
    faults: [...slow("ExecuteCommand", 700), ...slow("ExecuteCommand", 4_000)],
    says: [/Stopping the job/],
  },
  {
    name: "killed, and interrupted while post stops the task",
    by: "twice",
    inputs: fromImage,
    faults: slow("StopTask", 700),
    when: said(/^begun$/),
    says: [/Stopping task arn:/, /Deregistering arn:/],
  },
];

/** Until its job runs, the step looks for the revision with the image, registers it, uses it and deregisters it. */
const withReplacedImage = Array.from({ length: 20 }, (_, at): Moment => ({
  name: `${(at + 1) * 150} ms after its start, with another image in the service's definition`,
  inputs: withImage,
  when: ({ age }) => age > (at + 1) * 150,
  says: [],
}));

/** The fault for each path that begins like this. */
function anyOf<F extends { operation: string }>(fault: F): F {
  return { ...fault, operation: `${fault.operation}*` };
}

let lanes: readonly Aws[];
/** The runs of `beforeAll`. A test uses up its run, so its second try makes another one. */
let results: (Interruption | { readonly error: unknown } | undefined)[];

const moments = [...everyNth(all, 18, 6), ...everyNth(withReplacedImage, 20, 9)];

beforeAll(async () => {
  const delays = { provisioning: 250, pull: 250, activating: 100, agent: 300 };
  lanes = await Promise.all(Array.from({ length: LANES }, () => Aws.start({ delays })));
  const free = [...lanes];
  results = await inTurn(moments, LANES, async (moment) => {
    const aws = free.pop();
    if (aws === undefined) throw new Error("more at once than there are lanes");
    try {
      return await interrupt(moment, aws);
    } catch (error) {
      return { error };
    } finally {
      free.push(aws);
    }
  });
});

afterAll(() => Promise.all(lanes.map((aws) => aws.stop())));

it.each(moments.map((moment, at) => [moment.name, moment, at] as const))("%s", async (_, moment, at) => {
  const [lane] = lanes;
  if (lane === undefined) throw new Error("there is no lane");
  const found = results[at] ?? (await interrupt(moment, lane));
  results[at] = undefined;
  if ("error" in found) throw new Error("the step could not be run", { cause: found.error });
  const { result, took, tookQuietly, asked, remains, task, log } = found;
  expect(remains).toEqual(NOTHING);
  expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  for (const words of moment.says) expect(log).toMatch(words);
  expect(log).not.toMatch(/^\s+at .+:\d+:\d+/m);
  expect(task.desiredStatus).toBe("RUNNING");
  if (moment.by === undefined) {
    expect(result.conclusion).toBe("cancelled");
    expect(tookQuietly).toBeLessThan(SIGTERM_AFTER_MS);
    for (const ms of asked) expect(ms).toBeLessThanOrEqual(took);
  }
});
