import { runnerSurroundings } from "./github/surroundings.ts";
import { run as runIn } from "./main.ts";

/**
 * The entry of the bundle. The two doors of `dist/` call one function each: index.ts `run`, post.ts `finishCleanup`.
 */
export { finishCleanup } from "./post-main.ts";

/** The main step, on a GitHub runner. Never rejects. */
export async function run(): Promise<void> {
  await runIn(runnerSurroundings());
}
