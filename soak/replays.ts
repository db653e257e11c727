/**
 * Holds the container of the simulation to the real programs: scripted scenarios run against both, and any difference of what they have done fails.
 * `REPLAYS` is their number, `REPLAY_FROM` the first seed.
 */
import { differences } from "../__tests__/helpers/replays/differences.ts";

const COUNT = Number(process.env["REPLAYS"] ?? 300);
const FROM = Number(process.env["REPLAY_FROM"] ?? 1);
/** Most of the time a replay sleeps. */
const AT_ONCE = Number(process.env["REPLAYS_AT_ONCE"] ?? 8);

const seeds = Array.from({ length: COUNT }, (_, at) => FROM + at);
let same = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const found = await differences(seed).catch((error: unknown) => [String(error)]);
      if (found.length === 0) same += 1;
      for (const each of found) console.log(`seed ${seed}: ${each}`);
    }
  }),
);
console.log(`${same} of ${COUNT} replays are the same in both`);
process.exitCode = same === COUNT ? 0 : 1;
process.exit();
