import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { ContainerOptions, Fault, ProcessName, RunnerOptions, Scenario } from "./scenario.ts";

/** The processes that are killed, the likeliest to matter more often. */
const PROCESSES: readonly ProcessName[] = [
  ...(["attacher", "uploader", "uploader", "supervisor"] as const),
  ...(["recorder", "job", "worker"] as const),
];

/** What containers lack, and what is killed in them: python3, curl, room on the disk, processes. */
export function drawContainers(scenario: Scenario): Scenario {
  const random = randomOf(scenario.seed ^ 0x2b67);
  const containers = scenario.containers.map((container) => drawLacks(random, container));
  const runners = chance(random, 0.02) ? withBulk(random, scenario.runners) : scenario.runners;
  const faults = chance(random, 0.25) ? drawKills(random, scenario) : [];
  return { ...scenario, containers, runners, faults: [...scenario.faults, ...faults] };
}

function drawLacks(random: Random, container: ContainerOptions): ContainerOptions {
  return {
    ...container,
    ...(chance(random, 0.2) && { python: false }),
    ...(chance(random, 0.15) && { curl: false }),
    ...(chance(random, 0.12) && { disk: pick(random, [200_000, 2 << 20, 5 << 20, 40 << 20]) }),
  };
}

/** A script that prints more than a small disk, or a reader who is away, has room for. */
function withBulk(random: Random, runners: readonly RunnerOptions[]): readonly RunnerOptions[] {
  const index = between(random, 0, runners.length - 1);
  return runners.map((runner, at) => {
    if (at !== index) return runner;
    const bulk = { bulk: `r${at} bulk x ${between(random, 500, 6_000)}` };
    const { lines } = runner.script;
    const behind = between(random, 0, lines.length);
    return { ...runner, script: { ...runner.script, lines: lines.toSpliced(behind, 0, bulk) } };
  });
}

function drawKills(random: Random, { runners, containers }: Scenario): readonly Fault[] {
  return Array.from({ length: between(random, 1, 2) }, (): Fault => {
    const runner = pick(random, runners);
    const at = runner.at + (chance(random, 0.6) ? between(random, 1_000, 8_000) : between(random, 0, 60_000));
    const container = Math.min(runner.container, containers.length - 1);
    return { kind: "kill-process", actor: `container ${container}`, at, process: pick(random, PROCESSES) };
  });
}
