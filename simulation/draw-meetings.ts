import { between, chance, pick, type Random, randomOf } from "./random.ts";
import { ecsOf, itemsFor, scriptOf } from "./meetings.ts";
import type { ContainerOptions, Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** Worlds in which two things meet that seldom do by themselves. Each has a small share of the seeds. The other scenarios stay as they are. */
export function drawMeetings(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x27d4eb2f) ^ 0x3ee7);
  const [container] = scenario.containers;
  const roll = random();
  if (container === undefined || roll >= 0.04) return scenario;
  if (roll < 0.01) return drawEarlyHolder(random, scenario, container);
  if (roll < 0.02) return drawLongProtection(random, scenario);
  return roll < 0.03 ? drawUnheardStart(random, scenario) : drawLostAttempt(random, scenario, container);
}

/** The first holder of a lock is lost in the first seconds of its script, which goes on for a while after TERM. Another one waits for the lock. */
function drawEarlyHolder(random: Random, scenario: Scenario, container: ContainerOptions): Scenario {
  const runners = [0, 1].map((index): RunnerOptions => ({
    ...{ at: index * between(random, 100, 2_000), container: index, post: true },
    inputs: { lock: "shop/migrations", timeout: "60m", "queue-timeout": "10m" },
    script: {
      ...scriptOf(index, index === 0 ? 60_000 : between(random, 1_000, 20_000)),
      onTerm: pick(random, ["ignores", { afterMs: between(random, 1_000, 2_900), exitCode: 1 }] as const),
    },
  }));
  const signal = pick(random, ["SIGKILL", "SIGKILL", "cancel"] as const);
  const at = between(random, 1_200, 6_000);
  return {
    ...{ seed: scenario.seed, world: { ...scenario.world, bucket: true }, runners },
    containers: [container, { ...container, reaps: true }],
    faults: [{ kind: "signal", actor: "runner 0", at, signal }],
  };
}

/** A service deploys while a job has its task protected for minutes, and ECS fails a renewal now and then. */
function drawLongProtection(random: Random, scenario: Scenario): Scenario {
  const lasts = between(random, 300_000, 540_000);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: scriptOf(0, lasts) },
    inputs: { service: "web", timeout: "60m" },
  };
  return {
    ...inService(random, scenario),
    runners: [runner],
    faults: [
      ...failing("ecs:UpdateTaskProtection", between(random, 2, 4)),
      { kind: "deploy", actor: "service", at: between(random, 60_000, lasts) },
    ],
  };
}

/** As many failures of calls one after the other as a step bears. */
function failing(operation: string, first: number): readonly Fault[] {
  return Array.from({ length: 6 }, (_, more): Fault => {
    return { kind: "call", actor: "runner 0", operation, count: first + more, what: "failed" };
  });
}

/** A script begins while nothing comes back to its runner, and its task is stopped. */
function drawUnheardStart(random: Random, scenario: Scenario): Scenario {
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: scriptOf(0, between(random, 20_000, 90_000)) },
    inputs: { service: "web", timeout: "60m", protect: "false" },
  };
  const first = between(random, 3, 9);
  const isDeployed = chance(random, 0.5);
  const frames = Array.from({ length: between(random, 20, 60) }, (_, more): Fault => {
    return { kind: "frame", actor: "runner 0", way: "down", count: first + more, what: "lost", ms: 0 };
  });
  return {
    ...inService(random, scenario),
    runners: [runner],
    faults: [
      ...frames,
      { kind: isDeployed ? "deploy" : "scale-in", actor: "service", at: between(random, 1_500, 12_000) },
    ],
  };
}

function inService(
  random: Random,
  { seed, world, containers }: Scenario,
): Omit<Scenario, "runners" | "faults"> {
  const service = { tasks: between(random, 2, 3), mayProtect: true };
  return { seed, world, containers, ecs: { ...ecsOf(random), service } };
}

/** The exec agent under a script dies, and the step runs it or its items again in another task, though it still runs in the first one. */
function drawLostAttempt(random: Random, scenario: Scenario, container: ContainerOptions): Scenario {
  const { seed, world } = scenario;
  const hasItems = chance(random, 0.5);
  const items = itemsFor(random, [4, 12], [5_000, 40_000]);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    script: hasItems
      ? { lines: [], exitCode: 0, onTerm: "ignores" }
      : { ...scriptOf(0, between(random, 30_000, 200_000)), onTerm: "ignores" },
    inputs: {
      ...{ "task-definition": "app", subnets: "subnet-0a1b2c3d", timeout: "60m" },
      ...{
        logs: "session",
        retry: pick(random, ["infrastructure", "infrastructure,75", "spot,infrastructure"]),
      },
      ...(hasItems && { items }),
      ...(hasItems && chance(random, 0.7) && { tasks: pick(random, ["2", "3"]) }),
    },
  };
  const at = between(random, 5_000, 25_000);
  return {
    ...{ seed, world, runners: [runner], ecs: ecsOf(random) },
    containers: [{ ...container, stopsIn: pick(random, [5_000, 40_000]) }],
    faults: [{ kind: "agent-dies", actor: "task 1 of runner 0", at, isTold: true }],
  };
}
