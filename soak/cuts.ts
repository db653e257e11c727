/** Cuts the connection after each frame of a run. The tests cut after a sample of the frames. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "e2e/cuts.local"], {
  env: { ...process.env, EVERY_ROW: "1", EVERY_CUT: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
