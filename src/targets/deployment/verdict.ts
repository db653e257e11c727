import type { Ecs, HookVerdict, PauseHook, ServiceDeployment } from "../../aws/ecs.ts";
import type { Clock } from "../../clock.ts";
import { Failure, type FailureCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { ClusterMember } from "../arn.ts";
import { deploymentNotFound, verdictRefused } from "./failures.ts";
import { explainOver, type WaitingHook } from "./wait-for-hook.ts";

/** The most calls for one verdict. A call without success is made again while the hook still waits. */
const TRIES = 3;
const PAUSE_MS = 1_000;
/** Failures of a call that AWS may have carried out, or may carry out next time. */
const UNCERTAIN: ReadonlySet<FailureCode> = new Set(["aws-unreachable", "aws-error", "throttled"]);

export interface VerdictContext {
  readonly ecs: Pick<
    Ecs,
    "continueServiceDeployment" | "describeServiceDeployment" | "listServiceDeployments"
  >;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Tells the deployment to go on, or to go back. Fails with `hook-expired`, `deployment-replaced` or `deployment-ended` when it
 * no longer waits at this hook.
 */
export async function giveVerdict(
  { deployment, hook }: WaitingHook,
  action: HookVerdict["action"],
  service: ClusterMember,
  { ecs, clock, log }: VerdictContext,
): Promise<void> {
  // The answer to a call that ECS has carried out may be lost. ECS then refuses the next call, although it has taken the verdict.
  let mayBeTaken = false;
  for (let tries = 1; ; tries += 1) {
    const seen = await sendVerdict({ deployment: deployment.arn, hook: hook.id, action }, ecs);
    if (seen === undefined) break;
    mayBeTaken ||= seen instanceof Failure || seen.repeated === true;
    const now = await ecs.describeServiceDeployment(deployment.arn);
    if (now === undefined) throw deploymentNotFound(`'${deployment.arn}'`, textOf(seen));
    const found = now.hooks.find(({ id }) => id === hook.id);
    if (mayBeTaken && hasActed(now, found, action)) break;
    if (found?.status !== "AWAITING_ACTION") throw await explainOver(now, service, { ecs }, hook.id);
    if (tries === TRIES) throw seen instanceof Failure ? seen : verdictRefused(now, action, seen.refused);
    await clock.sleep(PAUSE_MS);
  }
  log.info(`Told deployment ${deployment.arn}: ${action}.`);
}

/** Whether the deployment has done what it was told, and the hook has not expired. */
function hasActed(
  { status }: ServiceDeployment,
  hook: PauseHook | undefined,
  action: HookVerdict["action"],
): boolean {
  if (hook === undefined || hook.status === "AWAITING_ACTION" || hook.status === "TIMED_OUT") return false;
  if (action === "CONTINUE") return hook.status === "SUCCEEDED";
  return status.startsWith("ROLLBACK") || (status === "IN_PROGRESS" && hook.status === "FAILED");
}

/** ECS's words for a verdict that it has not taken. */
type Refusal = Exclude<Awaited<ReturnType<Ecs["continueServiceDeployment"]>>, "taken">;

/**
 * Sends the verdict. Undefined when ECS has taken it; else ECS's words, or the failure of the call. Rejects with any other failure, such as
 * a missing right.
 */
async function sendVerdict(
  verdict: HookVerdict,
  ecs: Pick<Ecs, "continueServiceDeployment">,
): Promise<Refusal | Failure | undefined> {
  try {
    const answer = await ecs.continueServiceDeployment(verdict);
    return answer === "taken" ? undefined : answer;
  } catch (error) {
    if (error instanceof Failure && UNCERTAIN.has(error.code)) return error;
    throw error;
  }
}

function textOf(seen: Refusal | Failure): string {
  return seen instanceof Failure ? seen.seen : seen.refused;
}
