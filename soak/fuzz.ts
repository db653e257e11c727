/** Every seed of the fuzz tests, and the random scripts by the hundred, instead of the tests' sample of one in ten. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "fuzz", "random-scripts"], {
  env: { ...process.env, FUZZ_ALL: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
