/** A process that runs seeds for `hunters.ts`, chunk by chunk. */
import { drawScenario } from "./draw.ts";
import type { Objection } from "./oracle/rule.ts";
import { prepareProcess } from "./runner/modules.ts";
import { simulate } from "./simulate.ts";
import { type Figures, Tally } from "./tally.ts";

/** Seeds that one process runs. */
export interface Chunk {
  readonly from: number;
  readonly seeds: number;
  /** Whether the first objection ends it. */
  readonly stops: boolean;
}

/** What the oracle has against a seed. */
export interface Objected {
  readonly seed: number;
  readonly objections: readonly Objection[];
}

/** What has come of a chunk. */
export interface Hunted {
  readonly from: number;
  readonly figures: Figures;
  readonly objected: readonly Objected[];
  /** Of the processor. */
  readonly seconds: number;
}

async function hunt({ from, seeds, stops }: Chunk): Promise<Hunted> {
  const began = process.cpuUsage();
  const tally = new Tally();
  const objected: Objected[] = [];
  for (let seed = from; seed < from + seeds && !(stops && objected.length > 0); seed += 1) {
    const objections = tally.add(await simulate(drawScenario(seed)));
    if (objections.length > 0) objected.push({ seed, objections });
  }
  const { user, system } = process.cpuUsage(began);
  return { from, figures: tally.figures, objected, seconds: (user + system) / 1e6 };
}

// Most errors in a world are wanted, and making their stack traces takes a fifth of the time.
Error.stackTraceLimit = 0;
await prepareProcess();
// An interrupt of the terminal reaches the parent, too, which lets this chunk end.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
process.on("message", (chunk: Chunk) => void hunt(chunk).then((hunted) => process.send?.(hunted)));
process.send?.("ready");
