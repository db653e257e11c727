/** Proves that fifty jobs that meet in one container, by S3, leave no process, zombie, file, object, version or claim. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["test", "--", "census", "-t", "meet in one container"], {
  env: { ...process.env, EVERY_ROW: "1", CENSUS_MEETING: "50" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
