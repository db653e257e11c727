import { awsCalls } from "./aws/calls.ts";
import { cleanUp } from "./cleanup.ts";
import { runnerLog as log, savedState, saveState } from "./runner.ts";
import { Ledger } from "./state.ts";

/** The post step: undoes what the main step had on record and could not undo. Never fails the job. */
export async function undoLeftovers(): Promise<void> {
  const state = savedState();
  if (state === undefined || state.undo.length === 0) {
    log.info("Nothing was left to undo.");
    return;
  }
  const { clients, ecs, s3 } = awsCalls({ region: state.region });
  const reason = "fargate-exec: the step that started this task has ended";
  await cleanUp(new Ledger(state, saveState), { ecs, s3, log, reason });
  clients.destroy();
}
