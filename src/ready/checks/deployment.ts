import type { Ecs, PauseHook, ServiceDeployment } from "../../aws/ecs.ts";
import { HOOK_ADVICE, TOO_EARLY_ADVICE } from "../../targets/deployment/failures.ts";
import { isBeforeTasks } from "../../targets/deployment/stages.ts";
import { findDeploymentUnderWay, lookAtHook } from "../../targets/deployment/wait-for-hook.ts";
import { warningsOf } from "../../targets/deployment/warnings.ts";
import { type Inputs, serviceOf } from "../../inputs/inputs.ts";
import { type ClusterMember, parseService } from "../../targets/arn.ts";
import { type Check, check, lookAt, passedCheck, skippedCheck, unansweredCheck } from "./check.ts";

type DeploymentInputs = Pick<
  Inputs,
  | "deployment"
  | "where"
  | "cluster"
  | "region"
  | "lock"
  | "timeout"
  | "startTimeout"
  | "queueTimeout"
  | "retry"
  | "maxParallel"
>;

type Calls = Pick<Ecs, "listServiceDeployments" | "describeServiceDeployment" | "describeService">;

/** A pause hook that awaits an action, or one that is configured but not reached. */
type Hook = Pick<PauseHook, "expiresAt" | "timeoutAction"> & { readonly stages: readonly string[] };

const DEPLOYMENT = "deployment";
const HOOK = "pause hook";

/**
 * Whether a deployment waits for this step's verdict, or will wait for it. Without the input `deployment` there is no
 * check. `now` is in milliseconds since the epoch.
 */
export async function checkHooks(
  inputs: DeploymentInputs,
  { ecs, now }: { readonly ecs: Calls; readonly now: number },
): Promise<readonly Check[]> {
  const { deployment: given, where } = inputs;
  const named = serviceOf(where);
  if (given === undefined || named === undefined) return [];
  const service = parseService(named, inputs.cluster, inputs.region);
  const look = await lookAt(lookAtDeployment(given, service, ecs));
  if ("failure" in look) return [unansweredCheck(DEPLOYMENT, look.failure, { required: true })];
  if (look.value === undefined) {
    const none = skippedCheck(
      DEPLOYMENT,
      `none of service '${service.id}' is under way now: start it before this run`,
    );
    return [none, ...(await nextHooks(service, inputs, { ecs, now }))];
  }
  const { deployment, hook } = look.value;
  const { arn, status, stage } = deployment;
  const at = stage === undefined ? "" : ` at ${stage}`;
  if (hook === undefined)
    return [
      passedCheck(DEPLOYMENT, `'${arn}' is ${status}${at}, and has not reached its pause hook`),
      ...hookChecks(configuredHooks(deployment.pauseHooks, now), inputs, now),
    ];
  const found = passedCheck(DEPLOYMENT, `'${arn}' waits for a verdict${at}`);
  return [found, ...hookChecks([{ ...hook, stages: stage === undefined ? [] : [stage] }], inputs, now)];
}

/** The deployment that the inputs name, else the one that is under way; undefined when there is neither. */
async function lookAtDeployment(
  given: true | string,
  service: ClusterMember,
  ecs: Calls,
): Promise<Awaited<ReturnType<typeof lookAtHook>> | undefined> {
  if (given !== true) return await lookAtHook(given, service, { ecs });
  const current = await findDeploymentUnderWay(service, ecs);
  return current && (await lookAtHook(current.arn, service, { ecs }));
}

/** The hooks of the service's next deployment. */
async function nextHooks(
  { cluster, id }: ClusterMember,
  inputs: DeploymentInputs,
  { ecs, now }: { readonly ecs: Calls; readonly now: number },
): Promise<readonly Check[]> {
  const look = await lookAt(ecs.describeService(cluster, id));
  if ("failure" in look) return [unansweredCheck(HOOK, look.failure)];
  const { pauseHooks } = look.value;
  if (pauseHooks.length === 0)
    return [check(HOOK, false, `service '${id}' is configured without one`, HOOK_ADVICE)];
  return hookChecks(configuredHooks(pauseHooks, now), inputs, now);
}

/** The configured hooks, as if the deployment reached them now. */
function configuredHooks(hooks: ServiceDeployment["pauseHooks"], now: number): readonly Hook[] {
  return hooks.map(({ minutes, ...hook }) => ({ ...hook, expiresAt: now + minutes * 60_000 }));
}

/** A run acts on the first hook that awaits an action. What a run would only warn of does not make a check NG. */
function hookChecks(hooks: readonly Hook[], inputs: DeploymentInputs, now: number): readonly Check[] {
  return hooks.map((hook) => {
    const stages = hook.stages.join(", ");
    if (inputs.where.kind !== "new" && hook.stages.some(isBeforeTasks))
      return check(
        HOOK,
        false,
        `it is at ${stages}, where the deployment may have no new task yet`,
        TOO_EARLY_ADVICE,
      );
    const warnings = warningsOf(hook, inputs, now).map((warning) => ` A run warns of this: ${warning}`);
    const seen = `it is at ${stages || "a stage that is not known"}, and ECS does ${hook.timeoutAction ?? "ROLLBACK"} when no verdict comes`;
    return passedCheck(
      HOOK,
      warnings.length === 0 ? seen : `${seen}.${warnings.join("").replace(/\.$/, "")}`,
    );
  });
}
