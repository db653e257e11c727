/**
 * Runs each way of use under its policies in docs/iam, with each right removed in turn. The tests remove only some, one of each
 * statement.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const jest = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  join(root, "node_modules/jest/bin/jest.js"),
  "--runInBand",
  "__tests__/e2e/iam.local.test.ts",
];
const env = { ...process.env, EVERY_RIGHT: "1", EVERY_ROW: "1" };
process.exitCode = spawnSync(process.execPath, jest, { cwd: root, env, stdio: "inherit" }).status ?? 1;
