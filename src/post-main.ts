import { awsCalls } from "./aws/calls.ts";
import { roleCredentials } from "./aws/role.ts";
import { systemClock as clock } from "./clock.ts";
import { savedState, saveState, screen } from "./github/runner.ts";
import { idToken } from "./github/surroundings.ts";
import type { Log } from "./log.ts";
import { cleanUp } from "./undo/cleanup.ts";
import { Ledger } from "./undo/ledger.ts";

/**
 * A resource may appear after the cancel of the call that makes it: AWS carries out a request that has reached it.
 */
const LOOK_AGAIN_MS = 2_000;
const LOOKS = 5;

/**
 * The post step where something is left: undoes what is still in the ledger of the main step. Never fails the job. A
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
  const { region, role } = state;
  const aws = awsCalls({ region, credentials: role && roleCredentials({ ...role, region, idToken, log }) });
  const reason = "fargate-exec: the step that started this task has ended";
  const options = { aws, clock, patient: true, reason };
  let missing = await cleanUp(new Ledger(state, saveState), { ...options, log });
  for (let looks = 1; missing.length > 0 && looks < LOOKS; looks += 1) {
    await clock.sleep(LOOK_AGAIN_MS);
    missing = await cleanUp(new Ledger({ ...state, undo: missing }, saveState), {
      ...options,
      log: withWarningsOnly(log),
    });
  }
  aws.clients.destroy();
  screen.close();
  log.phase();
}

/** For a repeated cleanup, whose plain lines have been shown before: only its warnings are shown. */
function withWarningsOnly(log: Log): Log {
  return {
    info: (line) => log.debug(line),
    debug: (line) => log.debug(line),
    warning: (line) => log.warning(line),
    notice: (text) => log.notice(text),
    phase: () => undefined,
    fold: (_, line) => log.debug(line),
  };
}
