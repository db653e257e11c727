import { ecsOf, itemsFor, type Meeting, meet, scriptOf } from "./meetings.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { ContainerOptions, Fault, RunnerOptions, Scenario } from "./scenario.ts";

const MEETINGS: readonly Meeting[] = [drawStoppingTasks, drawLostHand, drawSharedProtection];
const LOCK = { lock: "shop/migrations", "queue-timeout": "10m" };
const NETWORK = { subnets: "subnet-0a1b2c3d" };

/** Worlds in which steps meet at something that they share while one of them has trouble. The other scenarios stay as they are. */
export function drawSharedMeetings(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x1b873593) ^ 0x5a4e);
  return meet(MEETINGS, random, scenario);
}

/** Tasks that a step has started under a lock are stopped with it, and their containers end at different times. Another step waits for the lock. */
function drawStoppingTasks(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const tasks = between(random, 2, 4);
  const first: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: {
      ...{ ...LOCK, "task-definition": "app", ...NETWORK, hold: "false", timeout: "60m" },
      ...{ tasks: String(tasks), logs: pick(random, ["auto", "session"]) },
      ...(chance(random, 0.3) && { "fail-fast": "true" }),
    },
    script: { ...scriptOf(0, between(random, 60_000, 200_000)), onTerm: "ignores" },
  };
  const second: RunnerOptions = {
    ...{ at: between(random, 2_000, 20_000), container: 0, post: true },
    ...{ inputs: { ...LOCK, timeout: "60m" }, script: scriptOf(1, between(random, 30_000, 60_000)) },
  };
  const at = between(random, 8_000, 40_000);
  const signal = pick(random, ["cancel", "cancel", "SIGKILL"] as const);
  const actor = "runner 0";
  const stopsIn = Array.from({ length: tasks }, () => pick(random, [0, 2_000, 12_000, 25_000]));
  return {
    ...{ seed, world: { ...world, bucket: true }, containers: [container], runners: [first, second] },
    ecs: { ...ecsOf(random), stopsIn },
    faults: [
      { kind: "signal", actor, at, signal },
      ...(chance(random, 0.7) ? awayAt(random, actor, at) : []),
    ],
  };
}

/** What runs the items of one of several workers is killed, and later its job is lost, too. The step may run the items again in another task. */
function drawLostHand(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const items = itemsFor(random, [6, 16], [4_000, 20_000]);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: { lines: [], exitCode: 0, onTerm: "dies" } },
    inputs: {
      ...{ "task-definition": "app", ...NETWORK, timeout: "60m", items },
      ...{ retry: "spot,infrastructure,unknown", workers: pick(random, ["2", "3"]) },
      ...(chance(random, 0.3) && { batch: String(between(random, 2, 3)) }),
    },
  };
  const actor = "task 1 of runner 0";
  const killedAt = between(random, 8_000, 20_000);
  const at = killedAt + between(random, 2_000, 20_000);
  return {
    ...{ seed, world, containers: [container], runners: [runner], ecs: ecsOf(random) },
    faults: [
      { kind: "kill-process", actor, at: killedAt, process: "item-worker" },
      { kind: "stop-task", actor, at, code: "SpotInterruption" },
    ],
  };
}

/** Two jobs have their task protected. One can't renew that for a while, the other one ends, and the service deploys. */
function drawSharedProtection(
  random: Random,
  { seed, world }: Scenario,
  container: ContainerOptions,
): Scenario {
  const ends = between(random, 100_000, 240_000);
  const stepOf = (at: number, lasts: number): RunnerOptions => ({
    ...{ at, container: 0, post: true, script: scriptOf(at === 0 ? 0 : 1, lasts) },
    inputs: { service: "web", timeout: "60m" },
  });
  // A call that fails is repeated some times, so a renewal fails only with several.
  const operation = pick(random, ["ecs:UpdateTaskProtection", "ecs:GetTaskProtection"]);
  const first = between(random, 2, 3);
  const failing = Array.from({ length: between(random, 12, 30) }, (_, more): Fault => {
    return { kind: "call", actor: "runner 1", operation, count: first + more, what: "failed" };
  });
  return {
    ...{ seed, world: { ...world, bucket: true }, containers: [container] },
    ecs: { ...ecsOf(random), service: { tasks: 1, mayProtect: true } },
    runners: [stepOf(0, ends), stepOf(between(random, 500, 20_000), ends + 200_000)],
    faults: [...failing, { kind: "deploy", actor: "service", at: ends + between(random, 1_000, 12_000) }],
  };
}

/** Nothing tells the scripts of the step to end: only the end of their tasks ends them. */
function awayAt(random: Random, actor: string, at: number): readonly Fault[] {
  const begins = at - between(random, 0, 2_000);
  return [
    { kind: "gateway-away", actor, at: begins, ms: 120_000, isSilent: true },
    { kind: "s3-away", actor, at: at - 1_000, ms: 3_000 },
  ];
}
