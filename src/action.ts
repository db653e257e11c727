import { thisProcess } from "./github/process.ts";
import { runnerSurroundings } from "./github/surroundings.ts";
import { run as runIn } from "./main.ts";
import { finishCleanup as finishIn } from "./post-main.ts";
import { realWorld } from "./step/world.ts";

// The entry of the bundle. Each of the two doors of `dist/` calls one function: index.ts calls `run`, post.ts calls `finishCleanup`.

/** The main step, on a GitHub runner. Never rejects. */
export async function run(): Promise<void> {
  await runIn(runnerSurroundings(thisProcess(realWorld)));
}

/** The post step, on a GitHub runner. */
export async function finishCleanup(): Promise<void> {
  await finishIn(thisProcess(realWorld));
}
