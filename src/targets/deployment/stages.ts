import type { DeploymentBrief, PauseHook, ServiceDeployment } from "../../aws/ecs.ts";

/** The lifecycle stages of a deployment at which no task of its new revision need exist. */
const BEFORE_TASKS = ["RECONCILE_SERVICE", "PRE_SCALE_UP"];

/** The stages that come after every stage that can have a pause hook (`ecs:CreateService`, deployment lifecycle hooks). */
const AFTER_HOOKS = ["BAKE_TIME", "CLEAN_UP"];

/** The statuses in which a verdict may still be given. */
export const UNDER_WAY = ["PENDING", "IN_PROGRESS"];

/** True as soon as no verdict can be given any more. */
export function isOver({ status }: Pick<DeploymentBrief, "status">): boolean {
  return !UNDER_WAY.includes(status);
}

/** Whether no pause hook lies ahead of the deployment. */
export function hasNoHookAhead(deployment: ServiceDeployment): boolean {
  const { pauseHooks, stage } = deployment;
  return (
    pauseHooks.length === 0 || isOver(deployment) || (stage !== undefined && AFTER_HOOKS.includes(stage))
  );
}

/** The first pause hook at which the deployment awaits an action; undefined when there is none. */
export function findAwaitingHook({ hooks }: Pick<ServiceDeployment, "hooks">): PauseHook | undefined {
  return hooks.find(({ status }) => status === "AWAITING_ACTION");
}

export function isBeforeTasks(stage: string | undefined): boolean {
  return stage !== undefined && BEFORE_TASKS.includes(stage);
}
