import type { EcsOptions, HookOptions } from "./ecs-options.ts";
import { drawEcs, drawRetry } from "./draw-tasks.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallTrouble, Fault, RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** The share of scenarios in which a step gives a deployment its verdict. */
const SCENARIOS = 0.04;
const CALLS = [
  ...["ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceDeployments"],
  ...["ecs:DescribeServiceRevisions", "ecs:ContinueServiceDeployment", "ecs:ContinueServiceDeployment"],
  ...["ecs:ListTasks", "ecs:DescribeTasks", "ecs:ExecuteCommand"],
] as const;
const TROUBLES: readonly CallTrouble[] = ["throttled", "denied", "failed", "lost", "mute", "slow"];

/** Worlds with a deployment that pauses at a hook, and steps that decide on it. Their randomness is their own: the other scenarios stay as they are. */
export function drawDeployments(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0xc2b2ae35) ^ 0xde94);
  if (!chance(random, SCENARIOS)) return scenario;
  const { seed, world, containers } = scenario;
  const tasks = between(random, 1, 2);
  const hook = drawHook(random);
  const ecs: EcsOptions = {
    ...drawEcs(random, scenario),
    ...(chance(random, 0.9) && { mayDescribe: true, mayRegister: true, hasOwnEntryPoint: false }),
    service: { tasks, mayProtect: chance(random, 0.8), hook },
  };
  const runners = Array.from({ length: chance(random, 0.2) ? 2 : 1 }, (_, index) =>
    drawRunner(random, index, world.bucket),
  );
  return {
    ...{ seed, world, containers, ecs, runners },
    faults: [
      { kind: "deploy", actor: "service", at: between(random, 0, 15_000) },
      ...drawChanges(random),
      ...runners.flatMap((runner, index) => drawFaults(random, `runner ${index}`, runner.at, tasks)),
    ],
  };
}

function drawHook(random: Random): HookOptions {
  return {
    stage: pick(random, [
      ...(["PRE_SCALE_UP", "POST_SCALE_UP", "POST_SCALE_UP", "POST_SCALE_UP"] as const),
      ...(["POST_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"] as const),
    ]),
    timeoutMinutes: pick(random, [1, 4, 20, 60]),
    action: pick(random, ["ROLLBACK", "ROLLBACK", "CONTINUE"]),
    isAtHand: chance(random, 0.95),
    isNumbered: chance(random, 0.6),
  };
}

function drawRunner(random: Random, index: number, hasBucket: boolean): RunnerOptions {
  const script = {
    lines: drawLines(random, index),
    exitCode: chance(random, 0.6) ? 0 : between(random, 1, 255),
    onTerm: pick(random, ["dies", "dies", "ignores", { afterMs: 2_000, exitCode: 0 }] as const),
  };
  const runner = { at: between(random, 0, 8_000), container: 0, script, post: chance(random, 0.85) };
  const inputs = {
    ...{ service: "web", deployment: "true", timeout: pick(random, ["20s", "2m", "10m"]) },
    "queue-timeout": pick(random, ["30s", "2m", "10m"]),
    ...(chance(random, 0.5) && { "start-timeout": pick(random, ["40s", "90s"]) }),
    ...(chance(random, 0.3) && { start: "true" }),
    ...(chance(random, 0.15) && { protect: "false" }),
    ...(chance(random, 0.3) && { secrets: "SECRET" }),
    ...(chance(random, 0.3) && { logs: pick(random, ["auto", "session"]) }),
    ...(hasBucket && chance(random, 0.1) && { lock: "shop/migrations" }),
  };
  return { ...runner, inputs: { ...inputs, ...drawRetry(random, { ...runner, inputs }) } };
}

function drawLines(random: Random, index: number): readonly ScriptLine[] {
  const longest = pick(random, [1_000, 8_000, 90_000]);
  return Array.from({ length: between(random, 1, 5) }, (_, at): readonly ScriptLine[] => [
    { out: `out r${index} ${at}` },
    { wait: between(random, 0, longest) },
  ]).flat();
}

/** The service is deployed again, or has fewer tasks. */
function drawChanges(random: Random): readonly Fault[] {
  const at = between(random, 2_000, 90_000);
  if (chance(random, 0.15)) return [{ kind: "deploy", actor: "service", at }];
  return chance(random, 0.1) ? [{ kind: "scale-in", actor: "service", at }] : [];
}

function drawFaults(random: Random, actor: string, begins: number, tasks: number): readonly Fault[] {
  return Array.from({ length: pick(random, [0, 1, 1, 2, 3]) }, (): Fault => {
    const at = begins + between(random, 0, pick(random, [10_000, 40_000, 120_000]));
    const roll = random();
    if (roll < 0.35) return drawCall(random, actor);
    if (roll < 0.6)
      return { kind: "signal", actor, at, signal: pick(random, ["cancel", "cancel", "SIGTERM", "SIGKILL"]) };
    // The tasks of the new revision come behind the others.
    const task = `task ${tasks + between(random, 1, tasks)} of service`;
    if (roll < 0.7) return { kind: "stop-task", actor: task, at, code: "UserInitiated" };
    if (roll < 0.75) return { kind: "agent-dies", actor: task, at };
    if (roll < 0.83) return { kind: "cut", actor, at, isSilent: chance(random, 0.3) };
    if (roll < 0.93) return { kind: "pause", actor, at, ms: between(random, 1_000, 90_000) };
    return { kind: "credentials-end", actor, at, isTold: chance(random, 0.5) };
  });
}

function drawCall(random: Random, actor: string): Fault {
  const what = pick(random, TROUBLES);
  return {
    ...{ kind: "call", actor, operation: pick(random, CALLS), count: between(random, 1, 3), what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  };
}
