/** Runs all tests of the container's code under every shell. The tests run each case under some of the shells. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "__tests__/payload"], {
  env: { ...process.env, EVERY_SHELL: "1", EVERY_ROW: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
