/** The lifecycle stages of a deployment at which no task of its new revision need exist. */
const BEFORE_TASKS = ["RECONCILE_SERVICE", "PRE_SCALE_UP"];

export function isBeforeTasks(stage: string | undefined): boolean {
  return stage !== undefined && BEFORE_TASKS.includes(stage);
}
