import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { runLocally } from "./local.ts";
import type { Named } from "./scenarios.ts";
import { differences, type Simulated } from "./seen.ts";

export interface Compared {
  /** What the two worlds have done differently, and what the oracle has against the simulated one. */
  readonly differences: readonly string[];
  /** Up to the end of the last step. */
  readonly simulatedSeconds: number;
  /** In columns. */
  readonly timeline: string;
}

/** Runs a scenario in the simulation and on a local Fargate. What is left is looked at `rest` milliseconds after its last step. */
export async function compare({ name, scenario }: Named, rest: number): Promise<Compared> {
  const told = simulated(name, rest);
  const local = await runLocally(scenario, told, rest);
  const { seconds: simulatedSeconds, timeline } = told;
  return { differences: [...told.objections, ...differences(told.seen, local)], simulatedSeconds, timeline };
}

function simulated(name: string, rest: number): Simulated {
  const words = [join(import.meta.dirname, "simulated.ts"), name, String(rest)];
  const { stdout, status } = spawnSync(process.execPath, words, {
    ...{ stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 },
  });
  if (status !== 0) throw new Error(`the simulation of '${name}' ended with ${status}`);
  return JSON.parse(stdout.toString()) as Simulated;
}
