/** All rows of the tables of which each test run tries those whose turn it is. */
import { spawnSync } from "node:child_process";

const files = ["act", "admission", "bulk", "catalogue", "defiant", "held", "images", "interrupted"].map(
  (name) => `__tests__/e2e/${name}.local.test.ts`,
);
const { status } = spawnSync("npm", ["test", "--", ...files], {
  env: { ...process.env, EVERY_ROW: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
