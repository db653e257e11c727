import type { RunnerProcess } from "./github/process.ts";
import { Runner } from "./github/runner.ts";
import type { Log } from "../log.ts";
import { undoRest } from "../undo/undo-rest.ts";

/**
 * The post step when something is left: undoes what is still in the ledger of the main step. Never fails the job. A
 * signal does not end it, because no later step would finish the cleanup.
 */
export async function finishCleanup(process: RunnerProcess): Promise<void> {
  const runner = new Runner(process);
  const { screen, idToken, saveState } = runner;
  const log: Log = screen;
  process.onSignal((signal) => log.info(`Finishing in spite of ${signal}.`));
  const state = runner.savedState();
  if (state === undefined) return;
  log.phase("Cleaning up");
  screen.open({ workflowCommands: false });
  await undoRest(state, { idToken, saveState, world: process.world, log });
  screen.close();
  log.phase();
}
