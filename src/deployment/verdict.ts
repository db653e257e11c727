import type { Ecs, HookVerdict } from "../aws/ecs.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ClusterMember } from "../targets/arn.ts";
import { deploymentNotFound, verdictRefused } from "./failures.ts";
import { whyOver, type WaitingHook } from "./wait-for-hook.ts";

/** A call that AWS has not answered is made again, if the hook still waits. */
const TRIES = 3;
const PAUSE_MS = 1_000;

export interface VerdictContext {
  readonly ecs: Pick<
    Ecs,
    "continueServiceDeployment" | "describeServiceDeployment" | "listServiceDeployments"
  >;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Tells the deployment to go on, or to go back. Fails with `hook-expired`, `deployment-replaced` or `deployment-ended` where it
 * no longer waits at this hook.
 */
export async function giveVerdict(
  { deployment, hook }: WaitingHook,
  action: HookVerdict["action"],
  service: ClusterMember,
  { ecs, clock, log }: VerdictContext,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const seen = await told({ deployment: deployment.arn, hook: hook.id, action }, ecs);
    if (seen === undefined) {
      log.info(`Told deployment ${deployment.arn}: ${action}.`);
      return;
    }
    const now = await ecs.describeServiceDeployment(deployment.arn);
    if (now === undefined) throw deploymentNotFound(`'${deployment.arn}'`, textOf(seen));
    const found = now.hooks.find(({ id }) => id === hook.id);
    if (found?.status !== "AWAITING_ACTION") {
      // The answer to a call that was carried out may be lost.
      if (seen instanceof Failure && found?.status === "SUCCEEDED" && action === "CONTINUE") return;
      throw await whyOver(now, service, { ecs });
    }
    if (tries === TRIES) throw seen instanceof Failure ? seen : verdictRefused(now, action, seen);
    await clock.sleep(PAUSE_MS);
  }
}

/** Undefined where ECS has taken it; else its words, or the failure of the call. A right that is missing fails. */
async function told(
  verdict: HookVerdict,
  ecs: Pick<Ecs, "continueServiceDeployment">,
): Promise<string | Failure | undefined> {
  try {
    const answer = await ecs.continueServiceDeployment(verdict);
    return answer === "taken" ? undefined : answer.refused;
  } catch (error) {
    if (error instanceof Failure && error.code === "aws-unreachable") return error;
    throw error;
  }
}

function textOf(seen: string | Failure): string {
  return seen instanceof Failure ? seen.seen : seen;
}
