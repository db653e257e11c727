/** Cuts after each frame of a run, instead of the tests' sample. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "e2e/cuts.local"], {
  env: { ...process.env, EVERY_CUT: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
