import { itemText } from "./items.ts";
import { ecsOf, type Meeting, meet, scriptOf } from "./meetings.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { ContainerOptions, Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** So many lines of a kilobyte fill the first file of the spool on a small disk to its last byte. */
const FILE_LINES = 262;

const MEETINGS: readonly Meeting[] = [
  drawFullFile,
  drawFastRetry,
  drawLostWrites,
  drawLastWords,
  drawRefusedStop,
];

/** Worlds in which several things meet that never do by themselves. The other scenarios stay as they are. */
export function drawRareMeetings(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x5bd1e995) ^ 0x701e);
  return meet(MEETINGS, random, scenario);
}

/** While S3 takes nothing of a container, the session brings just what fills files of the spool, which the container then removes. */
function drawFullFile(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const bulk = `r0 bulk x ${pick(random, [FILE_LINES, FILE_LINES, between(random, 200, 600)])}`;
  const lasts = between(random, 10_000, 60_000);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: { timeout: "60m", logs: pick(random, ["bucket", "bucket", "auto"]) },
    script: {
      lines: [
        ...[{ out: "out r0 0" }, { wait: between(random, 0, 4_000) }, { bulk }, { wait: lasts }],
        ...(chance(random, 0.5) ? [{ out: "out r0 1" }] : []),
      ],
      ...{ exitCode: pick(random, [0, 3]), onTerm: "dies" },
    },
  };
  const at = between(random, 0, 3_000);
  return {
    ...{ seed, world: { ...world, bucket: true }, runners: [runner] },
    containers: [{ ...container, disk: pick(random, [6 << 20, 8 << 20]) }],
    faults: [{ kind: "s3-away", actor: "container 0", at, ms: between(random, 5_000, 60_000) }],
  };
}

/** Items end with an exit code for which they run again, beside `fail-fast`. */
function drawFastRetry(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const items = Array.from({ length: between(random, 2, 12) }, (_, index) =>
    itemText({
      name: `r0 i${index}`,
      wait: between(random, 100, 8_000),
      exitCodes: pick(random, [[0], [0], [75, 0], [75, 75, 0]]),
    }),
  );
  const workers = between(random, 1, 3);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: { lines: [], exitCode: 0, onTerm: "dies" } },
    inputs: {
      ...{ items: items.join("\n"), "fail-fast": "true", timeout: "60m" },
      ...{ retry: pick(random, ["75", "spot,75"]), "retry-attempts": pick(random, ["2", "3", "3"]) },
      ...(workers > 1 && { workers: String(workers) }),
      ...(chance(random, 0.3) && { batch: String(between(random, 2, 3)) }),
    },
  };
  const faults: readonly Fault[] = chance(random, 0.3)
    ? [{ kind: "cut", actor: "runner 0", at: between(random, 3_000, 12_000), isSilent: false }]
    : [];
  return { seed, world, containers: [container], runners: [runner], faults };
}

/** The answers to many writes of one step are lost: S3 refuses their repetitions, and keeps each version that they have replaced. */
function drawLostWrites(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const hasLock = chance(random, 0.5);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: { timeout: "60m", logs: "session", ...(hasLock && { lock: "shop/migrations" }) },
    script: {
      lines: [{ out: "out r0 0" }, { wait: between(random, 60_000, 300_000) }, { out: "out r0 1" }],
      ...{ exitCode: 0, onTerm: "dies" },
    },
  };
  const share = pick(random, [0.3, 0.6]);
  const counts = Array.from({ length: 60 }, (_, at) => at + 2).filter(() => chance(random, share));
  return {
    ...{ seed, world: { ...world, bucket: true, isVersioned: true }, containers: [container] },
    runners: [runner],
    faults: counts.map((count) => {
      return { kind: "call", actor: "runner 0", operation: "s3:PutObject", count, what: "lost" };
    }),
  };
}

/** A script sets an output more than once, and leaves a file without content among its artifacts. */
function drawLastWords(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const outputs = Array.from({ length: between(random, 2, 4) }, (_, at) => ({ output: `version=${at}` }));
  const size = between(random, 0, 3_000);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: { timeout: "20m", artifacts: "out/r0/**" },
    script: {
      lines: [
        ...[{ out: "out r0 0" }, { wait: between(random, 0, 5_000) }, ...outputs],
        ...[{ file: "out/r0/empty.bin 0" }, { file: `out/r0/1.bin ${size}` }],
      ],
      ...{ exitCode: 0, onTerm: "dies" },
    },
  };
  return { seed, world, containers: [container], runners: [runner], faults: [] };
}

/** Tasks that run one after the other: ECS refuses for a while to stop those whose jobs have ended. */
function drawRefusedStop(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: scriptOf(0, between(random, 1_000, 20_000)) },
    inputs: {
      ...{ "task-definition": "app", subnets: "subnet-0a1b2c3d", timeout: "60m" },
      ...{ tasks: pick(random, ["2", "3"]), "max-parallel": "1" },
    },
  };
  // A call that fails is repeated some times.
  const failing = Array.from({ length: between(random, 8, 40) }, (_, at): Fault => {
    return { kind: "call", actor: "runner 0", operation: "ecs:StopTask", count: at + 1, what: "failed" };
  });
  return { seed, world, containers: [container], ecs: ecsOf(random), runners: [runner], faults: failing };
}
