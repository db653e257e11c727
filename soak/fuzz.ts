/** Runs all seeds of the fuzz tests and hundreds of random scripts. The tests run a sample of one in forty. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "fuzz", "random-scripts"], {
  env: { ...process.env, EVERY_ROW: "1", FUZZ_ALL: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
