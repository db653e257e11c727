import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** Lets scripts of some steps write files, and the steps bring these back. */
export function drawArtifacts(scenario: Scenario): Scenario {
  const random = randomOf(scenario.seed ^ 0x51d3);
  if (!chance(random, 0.15)) return scenario;
  const runners = scenario.runners.map((runner, index) => {
    // With several tasks each has a directory of its own.
    if (runner.follows !== undefined || runner.inputs["tasks"] !== undefined) return runner;
    return chance(random, 0.7) ? withFiles(random, runner, index) : runner;
  });
  return { ...scenario, runners };
}

function withFiles(random: Random, runner: RunnerOptions, index: number): RunnerOptions {
  const lines = [...runner.script.lines];
  for (let left = between(random, 0, 6); left > 0; left -= 1) {
    const size = pick(random, [0, 100, 5_000, between(random, 1, 120_000)]);
    const file: ScriptLine = { file: `out/r${index}/d${left % 2}/${left}.bin ${size}` };
    lines.splice(between(random, 0, lines.length), 0, file);
  }
  const more = chance(random, 0.2) ? "\n!**/1.bin" : "";
  return {
    ...runner,
    inputs: { ...runner.inputs, artifacts: `out/r${index}/**${more}` },
    script: { ...runner.script, lines },
  };
}
