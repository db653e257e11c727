import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallFault, ClientOptions, Fault, RunnerOptions, Scenario, Script } from "./scenario.ts";

/** The share of scenarios with forwards. */
const SCENARIOS = 0.12;
/** The share of them in which the connections break during an upload. */
const CUT_UPLOADS = 0.15;
const NO_SCRIPT: Script = { lines: [], exitCode: 0, onTerm: "dies" };
const CALLS = [
  "ecs:ExecuteCommand",
  "ssm:ResumeSession",
  "ssm:TerminateSession",
  "ecs:DescribeTasks",
] as const;
const TROUBLES = ["throttled", "denied", "failed", "lost", "mute", "slow"] as const;

/** Adds steps that forward ports, with programs that use these, and what happens to them. The other steps stay as they are. */
export function drawForwards(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x1b873593) ^ 0x0f2e);
  if (!chance(random, SCENARIOS)) return scenario;
  const isLong = chance(random, 0.06);
  const count = chance(random, 0.3) ? 2 : 1;
  const isAlone = isLong || chance(random, 0.4);
  const before = isAlone ? [] : scenario.runners;
  const forwards = Array.from({ length: count }, () => drawForward(random, scenario, isLong));
  const faults = forwards.flatMap((runner, at) =>
    drawFaults(random, `runner ${before.length + at}`, runner, isLong),
  );
  const kept = isAlone ? [] : scenario.faults;
  const drawn = { ...scenario, runners: [...before, ...forwards], faults: [...kept, ...faults] };
  return isLong ? drawn : withCutUpload(drawn, before.length);
}

/** The connections of the first forward, or its session, may break while much that a client sends is under way. */
function withCutUpload(scenario: Scenario, first: number): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x2545f491) ^ 0x10ad);
  if (!chance(random, CUT_UPLOADS)) return scenario;
  const actor = `runner ${first}`;
  const client = { at: between(random, 0, 3_000), forward: 0, sends: between(random, 100_000, 500_000) };
  const fault: Fault = {
    ...{ kind: "frame", actor, way: "up", count: between(random, 10, 300), what: "cut" },
    ms: pick(random, [0, between(random, 1_000, 58_000), between(random, 60_000, 150_000)]),
  };
  return {
    ...scenario,
    runners: scenario.runners.map((runner, at) =>
      at === first ? { ...runner, clients: [...(runner.clients ?? []), client] } : runner,
    ),
    faults: [...scenario.faults, fault],
  };
}

function drawForward(random: Random, { containers, ecs }: Scenario, isLong: boolean): RunnerOptions {
  const names = Array.from({ length: pick(random, [1, 1, 2, 3]) }, () => drawName(random));
  const clients = Array.from({ length: between(random, 0, isLong ? 2 : 5) }, () =>
    drawClient(random, names.length, isLong),
  );
  return {
    ...{ at: between(random, 0, 4_000), container: between(random, 0, containers.length - 1) },
    inputs: {
      forwards: names.map((name, at) => `:${name}.internal:${5_000 + at}`).join("\n"),
      timeout: isLong ? "180m" : pick(random, ["1m", "5m", "60m", "60m"]),
      ...(chance(random, 0.7) && { "start-timeout": pick(random, ["40s", "90s"]) }),
      ...(chance(random, 0.5) && { "queue-timeout": pick(random, ["20s", "4m"]) }),
      ...(ecs?.service !== undefined && chance(random, 0.5) && { service: "web" }),
      ...(ecs !== undefined &&
        chance(random, 0.15) && { "task-definition": "app", subnets: "subnet-0a1b2c3d" }),
    },
    ...{ script: NO_SCRIPT, clients, post: chance(random, 0.85) },
  };
}

/** Most far ends can be reached. */
function drawName(random: Random): string {
  const roll = random();
  if (roll < 0.3) return "echo";
  if (roll < 0.58) return `source-${pick(random, [0, 1_000, 60_000, between(random, 1, 600_000)])}`;
  if (roll < 0.62) return `breaks-${pick(random, [0, 5_000, 200_000])}`;
  if (roll < 0.76) return "sink";
  if (roll < 0.86) return `slow-${pick(random, [2_000, 20_000, 200_000])}`;
  if (roll < 0.93) return "leaves";
  return pick(random, ["refuses", "silent", "unknown", "metadata"]);
}

function drawClient(random: Random, forwards: number, isLong: boolean): ClientOptions {
  return {
    at: chance(random, 0.5) ? between(random, 0, 2_000) : between(random, 0, 40_000),
    forward: between(random, 0, forwards - 1),
    sends: pick(random, [
      4,
      between(random, 4, 3_000),
      between(random, 4, 60_000),
      between(random, 4, 500_000),
    ]),
    ...(chance(random, 0.3) && { pause: between(random, 1, 2_000) }),
    ...(isLong && chance(random, 0.7)
      ? { idle: between(random, 3_000_000, 4_500_000) }
      : chance(random, 0.5) && { idle: between(random, 1, 40_000) }),
    ...(chance(random, 0.15) && { reads: pick(random, [5_000, 50_000]) }),
    ...(chance(random, 0.12) && { breaksAfter: between(random, 0, 20_000) }),
  };
}

function drawFaults(
  random: Random,
  actor: string,
  { at: begin, container }: RunnerOptions,
  isLong: boolean,
): readonly Fault[] {
  return Array.from({ length: pick(random, [0, 1, 1, 2, 3, 4]) }, (): Fault => {
    const at = begin + between(random, 0, isLong ? 4_000_000 : chance(random, 0.5) ? 10_000 : 60_000);
    const place = `container ${container}`;
    const roll = random();
    if (roll < 0.22 && !isLong)
      return {
        ...{ kind: "gateway-away", actor, at, isSilent: chance(random, 0.3) },
        ms: pick(random, [
          between(random, 1_000, 40_000),
          between(random, 40_000, 58_000),
          between(random, 60_000, 150_000),
        ]),
      };
    if (roll < 0.5 || isLong) return { kind: "cut", actor, at, isSilent: chance(random, 0.35) };
    if (roll < 0.55) return { kind: "pause", actor, at, ms: between(random, 1_000, 120_000) };
    if (roll < 0.7)
      return { kind: "signal", actor, at, signal: pick(random, ["cancel", "SIGINT", "SIGTERM", "SIGKILL"]) };
    if (roll < 0.77) return { kind: "kill-process", actor: place, at, process: "relay" };
    if (roll < 0.82) return { kind: "stop-task", actor: place, at, code: "UserInitiated" };
    if (roll < 0.9)
      return {
        ...{ kind: "frame", actor, way: pick(random, ["up", "down"]), count: between(random, 1, 400) },
        ...{ what: pick(random, ["lost", "twice", "late"]), ms: between(random, 1, 3_000) },
      };
    return drawCall(random, actor);
  });
}

function drawCall(random: Random, actor: string): CallFault {
  const what = pick(random, TROUBLES);
  return {
    ...{ kind: "call", actor, operation: pick(random, CALLS), count: between(random, 1, 4), what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  };
}
