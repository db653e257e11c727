import { awsCalls } from "../aws/calls.ts";
import { roleCredentials, type RoleOptions } from "../aws/role.ts";
import type { World } from "../aws/world.ts";
import { type Log, keepWarnings } from "../log.ts";
import { cleanUp } from "./cleanup.ts";
import { Ledger, type SavePage, type SavedState } from "./ledger.ts";

/**
 * A resource may appear after the cancel of the call that makes it: AWS carries out a request that has reached it.
 */
const LOOK_AGAIN_MS = 2_000;
const LOOKS = 5;

export interface UndoRestOptions extends Pick<RoleOptions, "idToken"> {
  readonly saveState: SavePage;
  readonly world: World;
  readonly log: Log;
}

/** Undoes what a step has left in its ledger, without the haste of a cancelled step. Never rejects. */
export async function undoRest(
  state: SavedState,
  { idToken, saveState, world, log }: UndoRestOptions,
): Promise<void> {
  const { region, role } = state;
  const { clock } = world;
  const credentials = role && roleCredentials({ ...role, region, idToken, clock, log });
  const aws = awsCalls({ region, world, credentials });
  const reason = "fargate-exec: the run that started this task has ended";
  const options = { aws, clock, patient: true, reason };
  let missing = await cleanUp(new Ledger(state, saveState), { ...options, log });
  for (let looks = 1; missing.length > 0 && looks < LOOKS; looks += 1) {
    await clock.sleep(LOOK_AGAIN_MS);
    missing = await cleanUp(new Ledger({ ...state, undo: missing }, saveState), {
      ...options,
      // Its plain lines have been shown before.
      log: keepWarnings(log),
    });
  }
  aws.clients.destroy();
}
