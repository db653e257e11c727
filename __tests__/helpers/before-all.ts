import { existsSync } from "node:fs";
import { join } from "node:path";
import { MOTO_FORKS, startMotoForks } from "../../local/moto.ts";
import { python } from "../../local/python.ts";
import { drawFreshSeeds } from "./fresh-seeds.ts";

/** Jest's global setup. The workers inherit this process's environment. */
export default async function beforeAllFiles(): Promise<void> {
  drawFreshSeeds();
  // Compiling the bundle takes a step 30 ms of processor time.
  process.env["NODE_COMPILE_CACHE"] = join(import.meta.dirname, "../../.cache/compiled");
  if (!existsSync(python)) return; // A test that needs it says so.
  const forks = await startMotoForks();
  // It ends with this process.
  forks.unref();
  process.env[MOTO_FORKS] = forks.socketPath;
}
