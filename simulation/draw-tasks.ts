import type { EcsFault, EcsOptions, Fate, RefusalFault } from "./ecs-options.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallFault, CallTrouble, Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** The share of scenarios in which steps start tasks, and of steps that do so in them. */
const SCENARIOS = 0.45;
const STEPS = 0.7;
/** The share of steps in tasks of a service, where there is one. */
const IN_SERVICE = 0.5;
const SERVICE_CALLS = [
  ...["ecs:DescribeServices", "ecs:ListTasks", "ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
] as const;
const CALLS = [
  ...["ecs:RunTask", "ecs:StopTask", "ecs:ListTasks", "ecs:DescribeTasks", "ecs:DescribeTaskDefinition"],
  ...["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:DeleteTaskDefinitions"],
] as const;
const TROUBLES: readonly CallTrouble[] = ["throttled", "denied", "failed", "lost", "mute", "slow"];
const REFUSALS: readonly RefusalFault["what"][] = [
  ...(["capacity", "capacity-failure", "quota", "agent", "disguised-throttle", "no-tags"] as const),
];
const FATES: readonly Fate[] = [
  ...(["no-image", "no-secret", "no-address", "no-capacity", "stuck", "exits"] as const),
  ...(["no-agent", "agent-stops"] as const),
];

/** Lets some steps start tasks, and draws what happens to these. Its randomness is its own: the rest of the scenario stays as it is. */
export function drawTasks(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x2545f491) ^ 0x7a5c);
  if (!chance(random, SCENARIOS)) return scenario;
  const ecs = drawEcs(random, scenario);
  const runners = scenario.runners.map((runner) => {
    if (runner.follows !== undefined) return runner;
    if (ecs.service !== undefined && chance(random, IN_SERVICE)) return serviceRunner(random, runner);
    return chance(random, STEPS) ? startingRunner(random, runner, ecs.service !== undefined) : runner;
  });
  const steps = [...runners, ...runners.flatMap((runner, index) => drawSharers(random, runner, index))];
  const starting = runners.flatMap((runner, index) => (isStarting(runner) ? [index] : []));
  if (starting.length === 0 && ecs.service === undefined) return scenario;
  return {
    ...scenario,
    ecs,
    runners: steps,
    faults: [
      ...scenario.faults,
      ...(starting.length > 0 ? drawFaults(random, starting, runners) : []),
      ...(ecs.service === undefined ? [] : drawServiceFaults(random, runners)),
    ],
  };
}

/** Draws what ECS is like. */
export function drawEcs(random: Random, { containers }: Scenario): EcsOptions {
  const unit = pick(random, [200, 1_000, 5_000]);
  return {
    lag: pick(random, [0, 0, 300, 2_000, 6_000]),
    mayDescribe: chance(random, 0.9),
    mayRegister: chance(random, 0.85),
    hasShell: chance(random, 0.2),
    hasOwnEntryPoint: chance(random, 0.15),
    start: {
      network: between(random, 1, 4) * unit,
      pull: between(random, 1, 8) * unit,
      activate: unit,
      agent: between(random, 0, 4) * unit,
      connect: pick(random, [0, 500, 8_000]),
    },
    like: between(random, 0, containers.length - 1),
    ownCommand: pick(random, [5_000, 120_000, 7_200_000]),
    ...(chance(random, 0.4) && {
      service: { tasks: between(random, 1, 3), mayProtect: chance(random, 0.75) },
    }),
    ...(chance(random, 0.1) && { quota: between(random, 1, 3) }),
  };
}

function startingRunner(random: Random, runner: RunnerOptions, hasService: boolean): RunnerOptions {
  const source = drawSource(random, hasService);
  return {
    ...runner,
    inputs: {
      ...runner.inputs,
      ...source,
      ...(chance(random, 0.1) && { hold: "false" }),
      ...(chance(random, 0.4) && { "keep-task": pick(random, ["always", "on-failure", "job", "job"]) }),
      ...(chance(random, 0.4) && { "start-timeout": pick(random, ["20s", "60s", "5m"]) }),
      ...(chance(random, 0.3) && {
        "capacity-providers": pick(random, ["FARGATE_SPOT", "FARGATE_SPOT=3,FARGATE=1"]),
      }),
      ...(chance(random, 0.15) && { tags: "team=web" }),
      ...drawSeveral(random, runner),
      ...drawRetry(random, runner),
    },
  };
}

/** From what a step starts its tasks. */
export function drawSource(random: Random, hasService: boolean): Readonly<Record<string, string>> {
  const network = { subnets: "subnet-0a1b2c3d,subnet-4e5f6a7b" };
  return pick<Readonly<Record<string, string>>>(random, [
    { image: "app:1", "task-role": "job", ...network },
    { "task-definition": "app", ...network },
    { "task-definition": "app:1", ...network },
    { "task-definition": "app", image: "app:2", ...network },
    ...(hasService
      ? [
          { service: "web", start: "true" },
          { service: "web", "task-definition": "app" },
        ]
      : []),
  ]);
}

/** The inputs that no step has beside `tasks` or `retry`. */
const ALONE = ["detach"];

function drawSeveral(random: Random, { inputs }: RunnerOptions): Readonly<Record<string, string>> {
  if (ALONE.some((name) => name in inputs) || !chance(random, 0.25)) return {};
  const tasks = between(random, 2, chance(random, 0.1) ? 12 : 4);
  return {
    tasks: String(tasks),
    ...(chance(random, 0.4) && { "max-parallel": String(between(random, 1, tasks)) }),
    ...(chance(random, 0.3) && { "fail-fast": "true" }),
  };
}

/** A script may be run again: for its exit code, or for what has ended it. */
export function drawRetry(
  random: Random,
  { inputs, script }: RunnerOptions,
): Readonly<Record<string, string>> {
  if ([...ALONE, "lock"].some((name) => name in inputs) || !chance(random, 0.35)) return {};
  const codes = script.exitCode === 0 ? "75" : String(script.exitCode);
  const reasons = ["spot", "infrastructure", "unknown", codes].filter(() => chance(random, 0.5));
  if (reasons.length === 0) return {};
  return {
    retry: reasons.join(","),
    ...(chance(random, 0.4) && { "retry-attempts": String(between(random, 2, 4)) }),
  };
}

/** Later steps of the workflow job run in the task of a step that keeps it for them. */
function drawSharers(random: Random, runner: RunnerOptions, shares: number): readonly RunnerOptions[] {
  if (runner.inputs["keep-task"] !== "job" || !isStarting(runner)) return [];
  return Array.from({ length: between(random, 0, 2) }, () => ({
    at: runner.at + pick(random, [0, 1_000, 60_000, 1_200_000]),
    ...{ container: runner.container, shares, script: runner.script, post: runner.post },
    inputs: { timeout: pick(random, ["20s", "2m", "60m"]) },
  }));
}

/** A step in a task of the service. */
function serviceRunner(random: Random, runner: RunnerOptions): RunnerOptions {
  const inputs = runner.inputs;
  return {
    ...runner,
    inputs: {
      ...inputs,
      service: "web",
      ...(chance(random, 0.2) && { protect: "false" }),
      ...(!("detach" in inputs) && chance(random, 0.3) && { tasks: pick(random, ["2", "all"]) }),
      ...drawRetry(random, runner),
    },
  };
}

/** Deployments and scale-in, and calls about the service that fail. */
function drawServiceFaults(random: Random, runners: readonly RunnerOptions[]): readonly Fault[] {
  const changes = Array.from({ length: pick(random, [0, 1, 1, 2]) }, (): Fault => {
    const { at } = pick(random, runners);
    return {
      ...{ kind: pick(random, ["deploy", "deploy", "scale-in"]), actor: "service" },
      at: at + between(random, 0, chance(random, 0.5) ? 8_000 : 90_000),
    };
  });
  const calls = Array.from({ length: pick(random, [0, 0, 1, 2]) }, (): Fault => {
    const what = pick(random, TROUBLES);
    const actor = `runner ${between(random, 0, runners.length - 1)}`;
    return {
      ...{ kind: "call", actor, operation: pick(random, SERVICE_CALLS), count: between(random, 1, 3), what },
      ...(what === "slow" && { ms: between(random, 500, 30_000) }),
    };
  });
  return [...changes, ...calls];
}

/** Whether the step starts its task. */
export function isStarting({ inputs }: Pick<RunnerOptions, "inputs">): boolean {
  return "image" in inputs || "task-definition" in inputs || inputs["start"] === "true";
}

function drawFaults(
  random: Random,
  starting: readonly number[],
  runners: readonly RunnerOptions[],
): readonly Fault[] {
  const kinds = ([drawCall, drawRefusal, drawFate, drawStop] as const).filter(() => chance(random, 0.4));
  const usual = pick(random, [1, 1, 2, 3]);
  return kinds.flatMap((draw) =>
    Array.from({ length: between(random, 1, usual) }, () => {
      const index = pick(random, starting);
      return draw(random, `runner ${index}`, runners[index]?.at ?? 0);
    }),
  );
}

function drawCall(random: Random, actor: string): CallFault {
  const what = pick(random, TROUBLES);
  return {
    ...{ kind: "call", actor, operation: pick(random, CALLS), count: between(random, 1, 3), what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  };
}

function drawRefusal(random: Random, actor: string): EcsFault {
  const times = pick(random, [1, 2, 6, 100]);
  return { kind: "refusal", actor, count: between(random, 1, 2), times, what: pick(random, REFUSALS) };
}

function drawFate(random: Random, actor: string): EcsFault {
  return { kind: "fate", actor: `task ${pick(random, [1, 1, 1, 2])} of ${actor}`, what: pick(random, FATES) };
}

/** Something stops a new task, on its way or while its job runs. */
function drawStop(random: Random, actor: string, begins: number): Fault {
  const at = begins + (chance(random, 0.5) ? between(random, 0, 10_000) : between(random, 0, 90_000));
  const task = `task ${pick(random, [1, 1, 2])} of ${actor}`;
  return chance(random, 0.3)
    ? { kind: "agent-dies", actor: task, at }
    : { kind: "stop-task", actor: task, at, code: pick(random, ["UserInitiated", "SpotInterruption"]) };
}
