/** `npm run bench [NAME] [ARGUMENT…]`: runs the bench of that name, or `bars`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const [name = "bars", ...words] = process.argv.slice(2);
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...words], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
