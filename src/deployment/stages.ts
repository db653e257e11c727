/** The lifecycle stages of a deployment at which no task of its new revision need exist. */
const BEFORE_TASKS = ["RECONCILE_SERVICE", "PRE_SCALE_UP"];

/** The stages behind all at which a pause hook can be (`ecs:CreateService`, deployment lifecycle hooks). */
const BEHIND_HOOKS = ["BAKE_TIME", "CLEAN_UP"];

/** Whether a deployment at this stage comes to no pause hook any more. */
export function isBehindHooks(stage: string | undefined): boolean {
  return stage !== undefined && BEHIND_HOOKS.includes(stage);
}

export function isBeforeTasks(stage: string | undefined): boolean {
  return stage !== undefined && BEFORE_TASKS.includes(stage);
}
