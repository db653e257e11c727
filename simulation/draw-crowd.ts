import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallTrouble, Fault, RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** Worlds in which one thing goes on for long, so that what has to be done again and again is done again. Most seeds are none of them. */
export function drawCrowd(scenario: Scenario): Scenario {
  const random = randomOf(scenario.seed ^ 0x0c40);
  if (!scenario.world.bucket) return scenario;
  const roll = random();
  if (roll < 0.03) return drawLine(random, scenario);
  return roll < 0.11 ? drawOutage(random, scenario) : scenario;
}

/** Runs wait in line for a container of which one run has the use for minutes. Nothing holds a run up, so no claim may lapse. */
function drawLine(random: Random, scenario: Scenario): Scenario {
  const [first] = scenario.runners;
  if (first === undefined) return scenario;
  const isMatrix = chance(random, 0.3);
  const count = between(random, 2, 5);
  const runners = Array.from({ length: count }, (_, index): RunnerOptions => {
    const lasts =
      index === 0 || chance(random, 0.2) ? between(random, 100_000, 260_000) : between(random, 0, 4_000);
    return {
      ...{ at: index * between(random, 500, 4_000), container: 0, post: true },
      inputs: {
        ...{ timeout: "60m", "queue-timeout": "60m" },
        logs: pick(random, index === 0 ? ["session"] : ["session", "auto", "bucket"]),
        ...(isMatrix && { matrix: JSON.stringify({ "job-index": index, "job-total": count }) }),
      },
      script: {
        ...{ exitCode: pick(random, [0, 0, 3]), onTerm: "dies" as const },
        lines: [{ out: `out r${index} 0` }, { wait: lasts }, { out: `out r${index} 1` }],
      },
    };
  });
  const faults = scenario.faults.filter(({ kind }) => kind === "frame" || kind === "cut");
  const { ecs, containers } = scenario;
  return {
    ...{ ...scenario, containers: containers.slice(0, 1), runners, faults },
    ...(ecs !== undefined && { ecs: { ...ecs, like: 0 } }),
  };
}

/** A job prints for a minute while S3 carries its output, with troubles of S3 at either end. */
function drawOutage(random: Random, scenario: Scenario): Scenario {
  const [first] = scenario.runners;
  if (first === undefined) return scenario;
  const lines = Array.from({ length: between(random, 5, 25) }, (_, at): readonly ScriptLine[] => [
    { out: `out r0 ${at}${chance(random, 0.2) ? " ".padEnd(between(random, 100, 20_000), "x") : ""}` },
    { wait: between(random, 100, 6_000) },
  ]);
  const runner: RunnerOptions = {
    ...first,
    inputs: {
      ...first.inputs,
      logs: pick(random, ["bucket", "bucket", "auto"]),
      timeout: pick(random, ["2m", "60m"]),
    },
    script: { ...first.script, lines: lines.flat() },
  };
  const faults = Array.from({ length: between(random, 1, 3) }, () => drawTrouble(random, runner));
  const rest = scenario.faults.filter(({ kind }) => kind === "signal" || kind === "stop-task").slice(0, 1);
  return { ...scenario, runners: [runner], faults: [...faults, ...rest] };
}

function drawTrouble(random: Random, { at: begin, container }: RunnerOptions): Fault {
  const at = begin + between(random, 1_000, 60_000);
  const actor = chance(random, 0.5) ? "runner 0" : `container ${container}`;
  const roll = random();
  if (roll < 0.4)
    return { kind: "s3-away", actor, at, ms: pick(random, [2_000, 20_000, 50_000, 120_000, 400_000]) };
  if (roll < 0.5) return { kind: "pause", actor: "runner 0", at, ms: between(random, 1_000, 120_000) };
  if (roll < 0.6) return { kind: "cut", actor: "runner 0", at, isSilent: chance(random, 0.3) };
  const operation = actor === "runner 0" ? pick(random, ["s3:GetObject", "s3:PutObject"]) : "s3:PostObject";
  const what = pick<CallTrouble>(random, ["throttled", "denied", "failed", "lost", "mute", "slow"]);
  return {
    ...{ kind: "call", actor, operation, count: between(random, 1, 25), what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  };
}
