import type { Ecs } from "../aws/ecs.ts";

/** Something that a run made and has to take away again; plain data, fit to be saved for the post step. */
export type Undo =
  | {
      readonly kind: "task";
      readonly cluster: string;
      /** Unique to the run: it finds the task where a cancel left no time to learn its ARN. */
      readonly startedBy: string;
      readonly taskArn: string | undefined;
    }
  | { readonly kind: "task-definition"; readonly arn: string };

/**
 * Undoes it; doing so twice does no harm. `reason` becomes the task's stoppedReason. False where nothing was found to
 * be undone: a task whose start was cut short may yet appear.
 */
export async function undo(
  what: Undo,
  ecs: Pick<Ecs, "listTasks" | "stopTask" | "deregisterTaskDefinition">,
  reason: string,
): Promise<boolean> {
  if (what.kind === "task-definition") {
    await ecs.deregisterTaskDefinition(what.arn);
    return true;
  }
  const { cluster, startedBy, taskArn } = what;
  const arns = taskArn === undefined ? await ecs.listTasks(cluster, { startedBy }) : [taskArn];
  await Promise.all(arns.map((arn) => ecs.stopTask(cluster, arn, reason)));
  return arns.length > 0;
}
