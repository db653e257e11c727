import type { Ecs } from "../aws/ecs.ts";
import { findAwaitingHook, hasNoHookAhead, isOver } from "../targets/deployment/stages.ts";
import type { Log } from "../log.ts";

/** A deployment that waits for this run's verdict, or will. */
export interface UndecidedDeployment {
  /** Its ARN. */
  readonly deployment: string;
  /** The id of the pause hook; undefined until the deployment was seen to wait at one. */
  readonly hook?: string | undefined;
}

/**
 * Tells the deployment ROLLBACK, at this hook or at the one at which it waits now. False when it waits at none yet: nothing is told
 * then.
 */
export async function undoHook(
  { deployment, hook: known }: UndecidedDeployment,
  ecs: Pick<Ecs, "continueServiceDeployment" | "describeServiceDeployment">,
  log: Log,
): Promise<boolean> {
  const found = known ?? (await findWaitingHook(deployment, ecs, log));
  if (typeof found === "boolean") return found;
  const answer = await ecs.continueServiceDeployment({ deployment, hook: found, action: "ROLLBACK" });
  if (answer !== "taken") log.info(`The deployment no longer waits for a verdict: ${answer.refused}`);
  else if (known === undefined) log.info(`Told deployment ${deployment}: ROLLBACK.`);
  return true;
}

/** The id of the hook that awaits an action; true when no hook ever will, false when no hook does yet. */
async function findWaitingHook(
  deployment: string,
  ecs: Pick<Ecs, "describeServiceDeployment">,
  log: Log,
): Promise<string | boolean> {
  const found = await ecs.describeServiceDeployment(deployment);
  if (found === undefined || isOver(found)) return true;
  const waiting = findAwaitingHook(found);
  if (waiting !== undefined) return waiting.id;
  if (hasNoHookAhead(found)) return true;
  log.info(
    `No verdict is given: the deployment is ${found.status}${found.stage ? ` at ${found.stage}` : ""}, and waits at no pause hook. ` +
      "It goes on. If it comes to a pause hook, the time-out of that acts.",
  );
  return false;
}
