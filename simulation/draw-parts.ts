import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallTrouble, Fault, RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** The share of scenarios in which archives of artifacts go to S3 in parts. */
const SCENARIOS = 0.035;
const TROUBLES: readonly CallTrouble[] = ["throttled", "denied", "failed", "lost", "mute", "slow"];

/** Worlds in which a script leaves more files than fit into one part. Their randomness is their own: the other scenarios stay as they are. */
export function drawParts(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x165667b1) ^ 0xde91);
  if (!chance(random, SCENARIOS)) return scenario;
  const { seed, world, containers: all } = scenario;
  const partBytes = pick(random, [5_000, 20_000, 60_000]);
  const containers = all.map((container) => ({
    ...{ ...container, partBytes },
    ...(chance(random, 0.9) && { python: true }),
  }));
  const count = pick(random, [1, 1, 2]);
  const runners = Array.from({ length: count }, (_, index) => drawRunner(random, index, partBytes));
  return {
    ...{ seed, world: { ...world, bucket: true }, containers, runners },
    faults: runners.flatMap((runner, index) => drawFaults(random, runner, index)),
  };
}

function drawRunner(random: Random, index: number, partBytes: number): RunnerOptions {
  const lasts = pick(random, [1_000, 8_000, 30_000]);
  // One of a mebibyte waits for S3.
  const isLarge = chance(random, 0.05);
  const files = Array.from({ length: between(random, 1, 5) }, (_, at): ScriptLine => {
    const size = pick(random, [100, between(random, 1, 2 * partBytes), between(random, 1, 150_000)]);
    return { file: `out/r${index}/d${at % 2}/${at}.bin ${isLarge && at === 0 ? 1_300_000 : size}` };
  });
  return {
    ...{ at: between(random, 0, 3_000), container: 0, post: chance(random, 0.85) },
    inputs: {
      ...{ timeout: pick(random, ["20s", "2m", "60m"]), artifacts: `out/r${index}/**` },
      ...(chance(random, 0.75) && { logs: pick(random, ["bucket", "bucket", "auto"]) }),
      ...(chance(random, 0.15) && { "artifacts-missing": "error" }),
    },
    script: {
      lines: [{ out: `out r${index} 0` }, { wait: lasts }, ...files, { out: `out r${index} 1` }],
      exitCode: pick(random, [0, 0, 3]),
      onTerm: pick(random, ["dies", "ignores"] as const),
    },
  };
}

/** What happens while parts are on their way. */
function drawFaults(random: Random, { at: begins, script }: RunnerOptions, index: number): readonly Fault[] {
  const lasts = script.lines.reduce((sum, line) => sum + ("wait" in line ? line.wait : 0), 0);
  return Array.from({ length: pick(random, [0, 1, 1, 2, 3]) }, (): Fault => {
    const actor = `runner ${index}`;
    const either = pick(random, [actor, "container 0"]);
    const at = begins + lasts + between(random, 1_000, 9_000);
    const roll = random();
    if (roll < 0.4) {
      const what = pick(random, TROUBLES);
      const operation = either === actor ? "s3:GetObject" : "s3:PostObject";
      const ms = between(random, 500, 30_000);
      return { kind: "call", actor: either, operation, count: between(random, 2, 25), what, ms };
    }
    if (roll < 0.6) return { kind: "s3-away", actor: either, at, ms: pick(random, [800, 8_000, 60_000]) };
    if (roll < 0.75)
      return { kind: "signal", actor, at, signal: pick(random, ["cancel", "cancel", "SIGKILL"]) };
    if (roll < 0.85)
      return {
        ...{ kind: "kill-process", actor: "container 0", at },
        process: pick(random, ["uploader", "supervisor", "attacher", "job"]),
      };
    if (roll < 0.93) return { kind: "pause", actor, at, ms: between(random, 500, 60_000) };
    return { kind: "cut", actor, at, isSilent: chance(random, 0.3) };
  });
}
