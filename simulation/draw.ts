import { drawArtifacts } from "./draw-artifacts.ts";
import { drawClocks } from "./draw-clocks.ts";
import { drawCredentials } from "./draw-credentials.ts";
import { drawContainers } from "./draw-containers.ts";
import { drawCrowd } from "./draw-crowd.ts";
import { drawDeployments } from "./draw-deployments.ts";
import { drawFiles } from "./draw-files.ts";
import { drawForwards } from "./draw-forwards.ts";
import { drawItemKinds } from "./draw-item-kinds.ts";
import { drawItems } from "./draw-items.ts";
import { drawJobs } from "./draw-jobs.ts";
import { drawLongMeetings } from "./draw-long-meetings.ts";
import { drawMeetings } from "./draw-meetings.ts";
import { drawParts } from "./draw-parts.ts";
import { drawRareMeetings } from "./draw-rare-meetings.ts";
import { drawRoles } from "./draw-roles.ts";
import { drawSessionLogs } from "./draw-session-logs.ts";
import { drawSharedMeetings } from "./draw-shared-meetings.ts";
import { drawTasks } from "./draw-tasks.ts";
import { CALL_TROUBLES } from "./draw-troubles.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type {
  CallFault,
  ContainerOptions,
  Fault,
  RunnerOptions,
  Scenario,
  Script,
  ScriptLine,
  WorldOptions,
} from "./scenario.ts";

/** The operations of a runner, and of a container, that a fault may meet. Those that a step calls often are there more than once. */
const RUNNER_CALLS = [
  ...["ecs:DescribeClusters", "ecs:DescribeTasks", "ecs:ExecuteCommand", "ecs:ExecuteCommand"],
  ...["ssm:DescribeSessions", "ssm:ResumeSession", "ssm:TerminateSession", "s3:HeadObject"],
  ...["s3:PutObject", "s3:PutObject", "s3:GetObject", "s3:GetObject", "s3:GetObject"],
  ...["s3:DeleteObject", "s3:DeleteObject", "s3:DeleteObjects"],
] as const;
const CONTAINER_CALLS = ["s3:GetObject", "s3:PostObject", "s3:PostObject"] as const;
/** Up to which call of an operation a fault may come; 4 for the others. */
const COUNTS: Readonly<Record<string, number>> = {
  "s3:GetObject": 30,
  "s3:PutObject": 8,
  "s3:PostObject": 8,
};

/** The kinds of fault, each with the share of the seeds that have it. A dead agent ends a container's story soon, so it is rare. */
const SHARES = {
  calls: 0.5,
  frames: 0.35,
  cuts: 0.45,
  signals: 0.55,
  pauses: 0.25,
  tasks: 0.2,
  agents: 0.04,
  "s3-away": 0.3,
  shells: 0.2,
};
type Kind = keyof typeof SHARES;
const KINDS = Object.keys(SHARES) as readonly Kind[];

/** Expands a seed into a scenario. */
export function drawScenario(seed: number): Scenario {
  const random = randomOf(seed);
  const world = { ...drawWorld(random), ...drawLostAgents(seed) };
  const containers = Array.from({ length: chance(random, 0.2) ? 2 : 1 }, () => drawContainer(random));
  const runners = drawRunners(random, world, containers.length);
  const faults = drawFaults(random, world, runners, containers.length);
  const tasks = drawTasks(drawJobs({ seed, world, containers, runners, faults }));
  const rest = drawForwards(drawArtifacts(drawCrowd(drawContainers(tasks))));
  const usual = drawMeetings(drawClocks(drawCredentials(drawItemKinds(drawItems(rest)))));
  const rare = drawRareMeetings(drawRoles(drawParts(drawDeployments(drawFiles(usual)))));
  return drawSessionLogs(drawSharedMeetings(drawLongMeetings(rare)));
}

function drawWorld(random: Random): WorldOptions {
  const least = pick(random, [5, 20, 60]);
  return {
    latency: [least, least * between(random, 1, 6)],
    bucket: chance(random, 0.75),
    mayList: chance(random, 0.5),
    isVersioned: chance(random, 0.3),
    maySeeSessions: chance(random, 0.85),
    mayResume: chance(random, 0.7),
    pausesAfter: pick(random, [100, 2_000, 30_000]),
  };
}

/** Its randomness is its own: the other scenarios stay as they are. */
function drawLostAgents(seed: number): Partial<WorldOptions> {
  return chance(randomOf(seed ^ 0x4a9e), 0.5) ? {} : { announcesLostAgents: false };
}

function drawContainer(random: Random): ContainerOptions {
  return {
    boto3: chance(random, 0.7),
    gzip: chance(random, 0.85),
    reaps: chance(random, 0.7),
    pace: pick(random, [2, 10, 60]),
    stopsIn: pick(random, [0, 500, 5_000, 40_000]),
  };
}

/** More jobs of a matrix at once are refused without a bucket. */
const MOST_WITHOUT_BUCKET = 2;

function drawRunners(random: Random, world: WorldOptions, containers: number): readonly RunnerOptions[] {
  const count = chance(random, 0.5) ? 1 : between(random, 2, chance(random, 0.2) ? 8 : 3);
  const spread = pick(random, [0, 500, 5_000, 60_000]);
  const isMatrix = count > 1 && chance(random, 0.3) && (world.bucket || count === MOST_WITHOUT_BUCKET);
  return Array.from({ length: count }, (_, index): RunnerOptions => {
    const workers = chance(random, 0.15) ? between(random, 2, 3) : 1;
    return {
      at: between(random, 0, spread),
      container: between(random, 0, containers - 1),
      inputs: {
        timeout: pick(random, ["20s", "2m", "60m"]),
        ...(chance(random, 0.7) && { "start-timeout": pick(random, ["40s", "90s"]) }),
        ...(chance(random, 0.4) && { secrets: "SECRET" }),
        ...(workers > 1 && { workers: String(workers) }),
        ...(isMatrix && { matrix: JSON.stringify({ "job-index": index, "job-total": count }) }),
        ...drawLogs(random, world),
      },
      script: drawScript(random, index),
      post: chance(random, 0.85),
    };
  });
}

function drawLogs(random: Random, { bucket }: WorldOptions): Readonly<Record<string, string>> {
  const kinds = ["auto", "session", ...(bucket ? ["bucket", "bucket"] : [])];
  return chance(random, 0.5) ? { logs: pick(random, kinds) } : {};
}

function drawScript(random: Random, runner: number): Script {
  const isLong = chance(random, 0.3);
  const lines: ScriptLine[] = [];
  const count = between(random, 0, isLong ? 30 : 8);
  for (let at = 0; at < count; at += 1) {
    lines.push(drawLine(random, `r${runner} ${at}`));
    if (chance(random, 0.4)) lines.push({ wait: between(random, 0, isLong ? 12_000 : 4_000) });
  }
  // So long that a claim has to be renewed.
  if (chance(random, 0.04))
    lines.push({ wait: between(random, 60_000, 240_000) }, { out: `out r${runner} late` });
  // So long that what is left of it is still there when the world has healed.
  if (chance(random, 0.015)) lines.push({ wait: 2_400_000 });
  return {
    lines,
    exitCode: chance(random, 0.6) ? 0 : between(random, 1, 255),
    onTerm: pick(random, [
      "dies",
      "dies",
      "ignores",
      { afterMs: between(random, 100, 5_000), exitCode: between(random, 0, 9) },
    ] as const),
  };
}

function drawLine(random: Random, name: string): ScriptLine {
  const roll = random();
  if (roll < 0.12) return { err: `err ${name}` };
  if (roll < 0.17) return { part: `part ${name} ` };
  if (roll < 0.22) return { output: `key${name.replaceAll(" ", "_")}=value ${name}` };
  if (roll < 0.27) return { secret: "SECRET" };
  if (roll < 0.32) return { out: `out ${name} ${"x".repeat(between(random, 100, 30_000))}` };
  if (roll < 0.34) return { out: `::error::out ${name}` };
  return { out: `out ${name}` };
}

function drawFaults(
  random: Random,
  { bucket }: WorldOptions,
  runners: readonly RunnerOptions[],
  containers: number,
): readonly Fault[] {
  const kinds = KINDS.filter((kind) => chance(random, SHARES[kind]));
  const usual = pick(random, [1, 2, 2, 4]);
  const context = { random, runners, containers, bucket };
  return kinds.flatMap((kind) =>
    kind === "signals"
      ? drawSignals(random, runners)
      : Array.from({ length: between(random, 1, usual) }, () => drawFault(kind, context)),
  );
}

/** Most steps of a scenario with signals get one. */
function drawSignals(random: Random, runners: readonly RunnerOptions[]): readonly Fault[] {
  return runners.flatMap(({ at }, index): readonly Fault[] => {
    if (!chance(random, 0.8)) return [];
    const signal = pick(random, ["cancel", "cancel", "SIGINT", "SIGTERM", "SIGKILL"] as const);
    return [{ kind: "signal", actor: `runner ${index}`, at: at + drawMoment(random), signal }];
  });
}

interface DrawContext {
  readonly random: Random;
  readonly runners: readonly RunnerOptions[];
  readonly containers: number;
  readonly bucket: boolean;
}

function drawFault(
  kind: Exclude<Kind, "signals">,
  { random, runners, containers, bucket }: DrawContext,
): Fault {
  const index = between(random, 0, runners.length - 1);
  const actor = `runner ${index}`;
  const container = `container ${between(random, 0, containers - 1)}`;
  const at = (runners[index]?.at ?? 0) + drawMoment(random);
  switch (kind) {
    case "calls":
      return drawCallFault(random, bucket && chance(random, 0.25) ? container : actor);
    case "frames":
      return {
        ...{ kind: "frame", actor, way: pick(random, ["up", "down"]), count: between(random, 1, 40) },
        ...{ what: pick(random, ["lost", "twice", "late"]), ms: between(random, 1, 3_000) },
      };
    case "cuts":
      return { kind: "cut", actor, at, isSilent: chance(random, 0.3) };
    case "pauses":
      return { kind: "pause", actor, at, ms: between(random, 1_000, 120_000) };
    case "tasks":
      return {
        kind: "stop-task",
        actor: container,
        at,
        code: pick(random, ["UserInitiated", "SpotInterruption"]),
      };
    case "agents":
      return { kind: "agent-dies", actor: container, at };
    case "s3-away":
      return {
        kind: "s3-away",
        actor: chance(random, 0.5) ? actor : container,
        at,
        ms: between(random, 500, 180_000),
      };
    case "shells":
      return {
        kind: "shell",
        actor: container,
        at: Math.max(0, at - 5_000),
        ms: between(random, 1_000, 120_000),
      };
  }
}

/** The moment of a fault: half of them in the first seconds, when most happens. */
function drawMoment(random: Random): number {
  return chance(random, 0.5) ? between(random, 0, 4_000) : between(random, 0, 60_000);
}

function drawCallFault(random: Random, actor: string): CallFault {
  const operations = actor.startsWith("container") ? CONTAINER_CALLS : RUNNER_CALLS;
  const what = pick(random, CALL_TROUBLES);
  const operation = pick(random, operations);
  const count = between(random, 1, COUNTS[operation] ?? 4);
  return {
    ...{ kind: "call", actor, operation, count, what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  };
}
