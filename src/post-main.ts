import { savedState, saveState, screen } from "./github/runner.ts";
import { idToken } from "./github/surroundings.ts";
import type { Log } from "./log.ts";
import { realWorld as world } from "./step/world.ts";
import { undoRest } from "./undo/undo-rest.ts";

/**
 * The post step when something is left: undoes what is still in the ledger of the main step. Never fails the job. A
 * signal does not end it, because no later step would finish the cleanup.
 */
export async function finishCleanup(): Promise<void> {
  const log: Log = screen;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => log.info(`Finishing in spite of ${signal}.`));
  const state = savedState();
  if (state === undefined) return;
  log.phase("Cleaning up");
  screen.open({ workflowCommands: false });
  await undoRest(state, { idToken, saveState, world, log });
  screen.close();
  log.phase();
}
