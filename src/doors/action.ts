import { setFlagsFromString } from "node:v8";
import { endSoon } from "../waiting.ts";
import { BACKGROUND } from "./github/forward-order.ts";
import { thisProcess } from "./github/process.ts";
import { runnerSurroundings } from "./github/surroundings.ts";
import type { Door } from "../inputs/names.ts";
import { run as runIn } from "../main.ts";
import { finishCleanup as finishIn } from "./post-main.ts";
import { realWorld } from "../run/step/world.ts";

// The entry of the bundle. Each door of `dist/` calls one function: index.ts `run`, attach.ts `attach`, forward.ts `forward`, post.ts
// `finishCleanup`.

/** The main step, on a GitHub runner. Never rejects. */
export async function run(): Promise<void> {
  await start("root");
}

/** The main step of `attach/`. Never rejects. */
export async function attach(): Promise<void> {
  await start("attach");
}

/** The main step of `forward/`, and the process that it starts. Never rejects. */
export async function forward(): Promise<void> {
  keepMemorySmall();
  const [, script = "", part] = process.argv;
  const runner = thisProcess(realWorld);
  // The other doors do not load what only a forward needs.
  if (part === BACKGROUND) {
    const { carryForward } = await import("./github/carry-forward.ts");
    await carryForward(runner, process.stdin);
    runner.exit(0);
  }
  const { startForward } = await import("./github/start-forward.ts");
  await startForward(runner, script);
  endSoon(realWorld.clock, say);
}

/** The post step, on a GitHub runner. */
export async function finishCleanup(): Promise<void> {
  await finishIn(thisProcess(realWorld));
  endSoon(realWorld.clock, say);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * While output streams, V8 grows the space for new objects: by tens of megabytes for a few gigabytes of output. It never
 * shrinks that space. Few objects of this process live long, so a small space is as fast.
 */
function keepMemorySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

async function start(door: Door): Promise<void> {
  keepMemorySmall();
  await runIn(runnerSurroundings(thisProcess(realWorld), door));
  endSoon(realWorld.clock, say);
}
