import type { EcsOptions, StageTimes } from "../../simulation/ecs-options.ts";
import { itemText } from "../../simulation/items.ts";
import type {
  CallFault,
  ContainerOptions,
  Fault,
  RunnerOptions,
  Scenario,
  Script,
  ScriptLine,
  WorldOptions,
} from "../../simulation/scenario.ts";

/** A scenario that both worlds run. Nothing in it is so close to something else that a busy machine would change their order. */
export interface Named {
  readonly name: string;
  readonly scenario: Scenario;
}

const WORLD: WorldOptions = {
  ...{ latency: [20, 40], bucket: true, mayList: true, isVersioned: false },
  ...{ maySeeSessions: true, mayResume: true, announcesLostAgents: false, pausesAfter: 30_000 },
};
const IMAGE: ContainerOptions = { boto3: false, gzip: true, reaps: true, pace: 10, stopsIn: 0 };
const QUICK: StageTimes = { network: 200, pull: 200, activate: 200, agent: 200, connect: 0 };
const NEW_TASK = { "task-definition": "app", subnets: "subnet-0a1b2c3d" };
const FOREVER_MS = 7_200_000;

/** A part of a scenario. What is not given is as usual: one step with a bucket in a container with python3. */
interface Part {
  readonly inputs?: RunnerOptions["inputs"];
  readonly script?: Script;
  /** Steps beside the first one. */
  readonly more?: readonly Partial<RunnerOptions>[];
  readonly faults?: readonly Fault[];
  readonly world?: Partial<WorldOptions>;
  readonly image?: Partial<ContainerOptions>;
  /** Steps may start tasks, which need these times. */
  readonly start?: Partial<StageTimes>;
  readonly service?: EcsOptions["service"];
}

function named(name: string, part: Part): Named {
  const { inputs = {}, script = short("r0"), more = [], faults = [], world, image, start, service } = part;
  const first: RunnerOptions = { at: 0, container: 0, inputs, script, post: true };
  const ecs: EcsOptions = {
    ...{ lag: 0, mayDescribe: true, mayRegister: true, hasShell: false, hasOwnEntryPoint: false },
    ...{ start: { ...QUICK, ...start }, like: 0, ownCommand: FOREVER_MS },
    ...(service !== undefined && { service }),
  };
  return {
    name,
    scenario: {
      ...{ seed: 1, world: { ...WORLD, ...world }, containers: [{ ...IMAGE, ...image }], faults },
      ...((start !== undefined || service !== undefined) && { ecs }),
      runners: [first, ...more.map((each) => ({ ...first, ...each }))],
    },
  };
}

/** Prints, waits, prints both ways, sets an output. */
function short(lead: string, exitCode = 0): Script {
  return {
    ...{ exitCode, onTerm: "dies" },
    lines: [
      ...[{ out: `out ${lead} 0` }, { wait: 2_000 }, { err: `err ${lead} 1` }, { wait: 1_000 }],
      ...[{ out: `out ${lead} 2` }, { output: "key=value" }],
    ],
  };
}

/** Prints a line, waits for so many seconds, and prints another one. */
function long(lead: string, seconds: number, more: Partial<Script> = {}): Script {
  const lines: ScriptLine[] = [
    { out: `out ${lead} begins` },
    { wait: seconds * 1_000 },
    { out: `out ${lead} ends` },
  ];
  return { lines, exitCode: 0, onTerm: "dies", ...more };
}

/** Prints a line a second. */
function steady(lead: string, seconds: number): Script {
  const lines = Array.from({ length: seconds }, (_, at): readonly ScriptLine[] => [
    { out: `out ${lead} ${at}` },
    { wait: 1_000 },
  ]);
  return { lines: lines.flat(), exitCode: 0, onTerm: "dies" };
}

function refused(operation: string, what: CallFault["what"], times: number): readonly Fault[] {
  return Array.from({ length: times }, (_, at): Fault => ({
    ...{ kind: "call", actor: "runner 0", operation, count: at + 1, what },
  }));
}

const BY_S3 = { logs: "bucket" };
const NO_BUCKET = { bucket: false };
const LOGGED: WorldOptions["sessionLogs"] = { group: "there", bucket: true, mayRead: true };

export const SCENARIOS: readonly Named[] = [
  named("a script succeeds by its session", { world: NO_BUCKET }),
  named("a script succeeds, and S3 carries its output", { inputs: BY_S3, image: { boto3: true } }),
  named("a script ends with 3", { script: short("r0", 3) }),
  named("the session is cut twice, once without a word", {
    ...{ world: NO_BUCKET, script: steady("r0", 24) },
    faults: [
      { kind: "cut", actor: "runner 0", at: 6_000, isSilent: false },
      { kind: "cut", actor: "runner 0", at: 12_000, isSilent: true },
    ],
  }),
  named("S3 is away for ten seconds, for both sides", {
    ...{ inputs: BY_S3, script: steady("r0", 24) },
    faults: [
      { kind: "s3-away", actor: "runner 0", at: 6_000, ms: 10_000 },
      { kind: "s3-away", actor: "container 0", at: 6_000, ms: 10_000 },
    ],
  }),
  named("ExecuteCommand is throttled at first", { faults: refused("ecs:ExecuteCommand", "throttled", 2) }),
  named("ExecuteCommand is denied", { faults: refused("ecs:ExecuteCommand", "denied", 1) }),
  named("the agent of a new task is not connected at first", {
    ...{ inputs: NEW_TASK, start: { connect: 6_000 } },
  }),
  named("the exec agent dies under a job without a bucket", {
    ...{ world: NO_BUCKET, inputs: { timeout: "20s", "start-timeout": "20s" }, script: long("r0", 12) },
    faults: [{ kind: "agent-dies", actor: "container 0", at: 6_000 }],
  }),
  named("the exec agent dies while S3 carries the output", {
    ...{ inputs: BY_S3, script: long("r0", 12) },
    faults: [{ kind: "agent-dies", actor: "container 0", at: 6_000 }],
  }),
  named("Spot takes the task, and the script runs again in another one", {
    ...{ inputs: { ...NEW_TASK, retry: "spot" }, script: long("r0", 12), start: {} },
    faults: [{ kind: "stop-task", actor: "task 1 of runner 0", at: 8_000, code: "SpotInterruption" }],
  }),
  named("the platform stops the task, and 'retry' names the infrastructure", {
    ...{ inputs: { ...NEW_TASK, retry: "infrastructure" }, script: long("r0", 12), start: {} },
    faults: [{ kind: "stop-task", actor: "task 1 of runner 0", at: 8_000, code: "TerminationNotice" }],
  }),
  named("an image without python3", { inputs: BY_S3, image: { python: false } }),
  named("a cancel while the task is still starting", {
    ...{ inputs: NEW_TASK, start: { pull: 30_000 } },
    faults: [{ kind: "signal", actor: "runner 0", at: 5_000, signal: "cancel" }],
  }),
  named("a cancel in the middle, of a script that needs a second to end", {
    script: long("r0", 60, { onTerm: { afterMs: 1_000, exitCode: 5 } }),
    faults: [{ kind: "signal", actor: "runner 0", at: 6_000, signal: "cancel" }],
  }),
  named("main is killed, and post cleans up", {
    script: long("r0", 60),
    faults: [{ kind: "signal", actor: "runner 0", at: 6_000, signal: "SIGKILL" }],
  }),
  named("a script that takes longer than its timeout", {
    ...{ inputs: { timeout: "5s" }, script: long("r0", 60) },
  }),
  named("a task that never runs, and 'start-timeout'", {
    ...{ inputs: { ...NEW_TASK, "start-timeout": "10s" }, start: {} },
    faults: [{ kind: "fate", actor: "task 1 of runner 0", what: "stuck" }],
  }),
  named("two steps in one container under a lock", {
    inputs: { lock: "shop/migrations" },
    script: long("r0", 8),
    more: [{ at: 3_000, script: long("r1", 4, { exitCode: 4 }) }],
  }),
  named("a step leaves its job, and another one attaches", {
    ...{ inputs: { detach: "4s" }, script: steady("r0", 16) },
    more: [{ at: 0, follows: 0, inputs: {} }],
  }),
  named("the service deploys under a job", {
    ...{ inputs: { service: "web" }, script: long("r0", 14), service: { tasks: 1, mayProtect: true } },
    faults: [{ kind: "deploy", actor: "service", at: 6_000 }],
  }),
  named("a step reads the log group of its session", {
    ...{ world: { sessionLogs: LOGGED }, inputs: { logs: "cloudwatch" }, script: short("r0", 3) },
  }),
  named("a step reads the log of its session in a bucket", {
    ...{ world: { sessionLogs: LOGGED }, inputs: { logs: "s3" }, image: { python: false } },
  }),
  named("a cancel while the log of a session is waited for", {
    ...{ world: { sessionLogs: LOGGED }, inputs: { logs: "cloudwatch" }, script: long("r0", 60) },
    faults: [{ kind: "signal", actor: "runner 0", at: 6_000, signal: "cancel" }],
  }),
  named("one of three workers is killed", {
    ...{ inputs: { workers: "3" }, script: long("r0", 10) },
    faults: [{ kind: "kill-process", actor: "container 0", at: 6_000, process: "worker" }],
  }),
  named("an item fails, and a task is lost under another one", {
    inputs: {
      ...{ ...NEW_TASK, tasks: "2", retry: "infrastructure" },
      items: [0, 1, 2, 3]
        .map((at) => itemText({ name: `r0 i${at}`, wait: 10_000, exitCodes: [at === 3 ? 3 : 0] }))
        .join("\n"),
    },
    ...{ script: { lines: [], exitCode: 0, onTerm: "dies" }, start: {} },
    faults: [{ kind: "stop-task", actor: "task 1 of runner 0", at: 8_000, code: "TerminationNotice" }],
  }),
];

/** Throws when there is no such scenario. */
export function scenarioNamed(name: string): Named {
  const found = SCENARIOS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no scenario '${name}'.`);
  return found;
}
