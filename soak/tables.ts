/** Runs all rows of the tables of whole steps, of which a test run tries only a few. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const files = ["__tests__/e2e", "__tests__/local"]
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))))
  .filter((path) => path.endsWith(".test.ts"))
  .filter((path) => /\beveryNth\(|EVERY_ROW/.test(readFileSync(path, "utf8")));
const { status } = spawnSync("npm", ["test", "--", ...files], {
  env: { ...process.env, EVERY_ROW: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
