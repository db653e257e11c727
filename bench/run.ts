/** `npm run bench [NAME] [ARGUMENT…]`: one of the benches, `bars` unless another one is named. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const [name = "bars", ...words] = process.argv.slice(2);
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...words], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
