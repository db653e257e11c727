import { endForward } from "./github/end-forward.ts";
import type { RunnerProcess } from "./github/process.ts";
import { Runner } from "./github/runner.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SavedState } from "../undo/ledger.ts";
import { undoRest } from "../undo/undo-rest.ts";

/**
 * The post step when something is left: ends the process of a forward, and undoes what is still in its ledger, or in that of the main step. Never fails the job. A
 * signal does not end it, because no later step would finish the cleanup.
 */
export async function finishCleanup(process: RunnerProcess): Promise<void> {
  const runner = new Runner(process);
  const { screen, idToken, saveState } = runner;
  const log: Log = screen;
  process.onSignal((signal) => log.info(`Finishing in spite of ${signal}.`));
  const state = (await forwardState(process, runner)) ?? runner.savedState();
  if (state !== undefined && state.undo.length > 0) {
    log.phase("Cleaning up");
    screen.open({ workflowCommands: false });
    await undoRest(state, { idToken, saveState, world: process.world, log });
  }
  screen.close();
  log.phase();
}

/** Ends a forward. What goes wrong with that is a warning. */
async function forwardState(process: RunnerProcess, { screen }: Runner): Promise<SavedState | undefined> {
  try {
    return await endForward(process, screen);
  } catch (error) {
    screen.warning(`The forward could not be ended as it should: ${messageOf(error)}`);
    return undefined;
  }
}
