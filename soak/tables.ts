/** Runs all rows of long tables and the tests that take long, of which a test run tries only a few. `npm run soak shells` has those of the container's programs. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IN_SOAK } from "../__tests__/helpers/in-soak.ts";

const files = readdirSync("__tests__", { recursive: true })
  .map((name) => join("__tests__", String(name)))
  .filter((path) => path.endsWith(".test.ts") && !path.startsWith("__tests__/payload/"))
  .filter(
    (path) =>
      IN_SOAK.some((file) => path.endsWith(`/${file}.test.ts`)) ||
      /\beveryNth\(|\b(itI|i)nSoak\b|EVERY_ROW|\/runtimes\.ts/.test(readFileSync(path, "utf8")),
  );
const { status } = spawnSync("npm", ["test", "--", ...files], {
  env: { ...process.env, EVERY_ROW: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
