import { differences } from "../helpers/replays/differences.ts";

/** With these seeds each form records and uploads, is cut, cancelled and out of time, and has items. `npm run soak replays` has 300. */
const SEEDS = [2, 5, 6, 7, 10, 12, 15, 21];

it.concurrent.each(SEEDS)(
  "the simulated container does what the real programs do (replay %i)",
  async (seed) => {
    expect(await differences(seed)).toEqual([]);
  },
  120_000,
);
