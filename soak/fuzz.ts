/** All seeds of the fuzz tests and hundreds of random scripts, instead of the tests' sample of one in twenty. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "fuzz", "random-scripts"], {
  env: { ...process.env, FUZZ_ALL: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
