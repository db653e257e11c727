/**
 * Runs many fresh seeds of the simulation, and names each to which the oracle objects. `npm run soak simulate -- --from 1000000 --seeds 50000`
 * runs these; the options are those of `npm run simulate`.
 */
import { spawnSync } from "node:child_process";

const SEEDS = "50000";
const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  ["simulation/cli.ts", "--list", ...(given.includes("--seeds") ? [] : ["--seeds", SEEDS]), ...given],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
