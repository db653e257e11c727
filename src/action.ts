import { runnerSurroundings } from "./github/surroundings.ts";
import { run as runIn } from "./main.ts";

/**
 * The entry of the bundle. Each of the two doors of `dist/` calls one function: index.ts calls `run`, post.ts calls `finishCleanup`.
 */
export { finishCleanup } from "./post-main.ts";

/** The main step, on a GitHub runner. Never rejects. */
export async function run(): Promise<void> {
  await runIn(runnerSurroundings());
}
