import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../local/faults.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { SIGTERM_AFTER_MS } from "../../src/undo/budget.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { inTurn } from "../helpers/image-tasks.ts";
import { Aws, type Inputs, jobDirectories, pidOf, processes } from "../helpers/local.ts";
import { quietTime, UNHURRIED } from "../helpers/quiet-time.ts";
import { PATIENCE_MS } from "../helpers/until.ts";

/** The facts that a moment is recognised by. */
interface Observation {
  readonly aws: Aws;
  /** The lines of main and of post. */
  readonly lines: readonly string[];
  /** Calls since the step began. */
  readonly calls: (operation: string) => readonly RecordedRequest[];
  /** Milliseconds since the process began; 0 before. */
  readonly age: number;
}

interface Moment {
  readonly name: string;
  readonly inputs: (aws: Aws, task: Task) => Inputs;
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

  const started = (): readonly Task[] => local.tasks.filter((one) => !tasksBefore.has(one));
  let born = 0;
  const seen: Observation = {
    aws,
    lines,
    calls: (operation) =>
      local.requests.slice(requestsBefore).filter((call) => call.operation.startsWith(operation)),
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
    told = tasksNamedIn(lines, started());
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
      await Promise.all(started().map((one) => one.destroy()));
      const log = [...result.log, ...(result.post?.log ?? [])].join("\n");
      const took = { took: ended - at, tookQuietly: quietEnd - quietAt };
      return { result, ...took, asked, remains, task, log };
    }
    await sleep(200);
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
const fromImage = (aws: Aws): Inputs => ({
  image: IMAGE,
  subnets: aws.world.made.subnets.join(","),
  "task-role": `arn:aws:iam::${aws.world.local.accountId}:role/demo-task`,
  ...bucket(aws),
  run: SILENT,
});
/** A script that is typed into the session. */
const typed =
  (run: string) =>
  (_: Aws, task: Task): Inputs => ({ task: task.id, run });

const encrypted = (aws: Aws): string => aws.world.made.kmsCluster;

const said =
  (line: RegExp) =>
  ({ lines }: Observation): boolean =>
    lines.some((one) => line.test(one));
/** Whether the newest session has a client, and has passed this many frames on to it. */
const shows =
  (frames: number) =>
  ({ aws, calls }: Observation): boolean => {
    const session = calls("ExecuteCommand").length > 0 ? aws.world.local.gateway.sessions.at(-1) : undefined;
    return session?.connected === true && session.frames["to-client"] >= frames;
  };

const ended = [
  /Cancelled: stopping what this run started/,
  /Stopping the job in container 'app' of task \w+/,
];

/** The moments that the simulation, which cancels and kills steps at any of their calls, does not have: see docs/simulation.md. */
const all: readonly Moment[] = [
  { name: "before inputs are read", inputs: fromImage, when: ({ age }) => age > 40, says: [] },
  {
    name: "as the container is ready for the script",
    inputs: typed(`${SILENT} # ${"x".repeat(60_000)}`),
    when: shows(2),
    says: ended,
  },
  {
    name: "while no session reaches the job in an encrypted cluster, and no answer of AWS comes",
    inputs: (aws, task) => ({ ...typed(SILENT)(aws, task), cluster: encrypted(aws) }),
    cluster: encrypted,
    when: said(/^begun$/),
    before: (aws) =>
      aws.world.local.inject({
        api: { operation: "*", delay: 9_000, lasts: 6_500 },
        session: { do: "silence" },
      }),
    says: [...ended, /What is left to undo is undone after it: \d/, /error\]The run was cancelled\./],
  },
  {
    name: "killed while the job runs in an encrypted cluster that the step may not describe",
    by: "kill",
    inputs: (aws, task) => ({ task: task.id, ...bucket(aws), run: SILENT, cluster: encrypted(aws) }),
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
    name: "killed, and interrupted while post stops the task",
    by: "twice",
    inputs: fromImage,
    faults: [{ operation: "StopTask", delay: 700 }],
    when: said(/^begun$/),
    says: [/Stopping task arn:/, /Deregistering arn:/],
  },
];

const moments = everyNth(all, 4);

let lanes: readonly Aws[];
/** The runs of `beforeAll`. */
let results: readonly (Interruption | { readonly error: unknown })[];

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

it.each(moments.map((moment, at) => [moment.name, moment, at] as const))("%s", (_, moment, at) => {
  const found = results[at];
  if (found === undefined || "error" in found)
    throw new Error("the step could not be run", { cause: found?.error });
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
