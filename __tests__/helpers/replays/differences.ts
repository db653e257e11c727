import { isDeepStrictEqual } from "node:util";
import { replayForReal, TooSlow } from "./real.ts";
import { drawReplay } from "./replay.ts";
import { replaySimulated } from "./simulated.ts";

/**
 * How much sooner or later, in seconds, a worker of the real programs may end. A busy machine makes all later; and since a cancel counts from
 * the session's first word, a worker that begins late has been running for a shorter time when it comes.
 */
const SOONER_S = 0.4;
const LATER_S = 8;

/** What the real programs and the simulated ones have done differently in the replay of this seed. */
export async function differences(seed: number): Promise<readonly string[]> {
  const replay = drawReplay(seed);
  const { record: simulated, progress } = await replaySimulated(replay);
  const real = await replayForReal(replay, progress).catch((error: unknown) => {
    if (error instanceof TooSlow) return replayForReal(replay, progress);
    throw error;
  });
  const keys = ["streams", "marks", "status", "pieces", "facts", "isLeft"] as const;
  const found = keys
    .filter((key) => !isDeepStrictEqual(real[key], simulated[key]))
    .map(
      (key) =>
        `${key} of ${replay.form}: really ${clip(real[key])}, simulated ${clip(simulated[key])}; ${clip(replay)}`,
    );
  const sooner = SOONER_S + (replay.cancelAt ?? 0) / 1000;
  const isOff = simulated.seconds.some((seconds, worker) => {
    const really = real.seconds[worker] ?? NaN;
    return !(really > seconds - sooner && really < seconds + LATER_S);
  });
  if (isOff) found.push(`seconds: really ${real.seconds.join()}, simulated ${simulated.seconds.join()}`);
  return found;
}

function clip(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/x{20,}/g, (run) => `x*${run.length}`)
    .slice(0, 2_000);
}
