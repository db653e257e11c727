import type { TaskDefinition } from "../aws/definition.ts";
import type { Ecs } from "../aws/ecs.ts";
import { Failure } from "../errors.ts";

/** Something that a run made and has to take away again; plain data, fit to be saved for the post step. */
export type Undo =
  | {
      readonly kind: "task";
      readonly cluster: string;
      /** Unique to the run: it finds the task where a cancel left no time to learn its ARN. */
      readonly startedBy: string;
      readonly taskArn: string | undefined;
    }
  | { readonly kind: "task-definition"; readonly arn: string }
  /** A task definition of which a cancel left no time to learn the ARN: the newest of its family, if it is this run's. */
  | { readonly kind: "registration"; readonly family: string; readonly run: string };

/**
 * Undoes it; doing so twice does no harm. `reason` becomes the task's stoppedReason. False where nothing was found to
 * be undone: what was being made may yet appear.
 */
export async function undo(
  what: Undo,
  ecs: Pick<Ecs, "listTasks" | "stopTask" | "describeTaskDefinition" | "deregisterTaskDefinition">,
  reason: string,
): Promise<boolean> {
  if (what.kind === "task-definition") {
    await ecs.deregisterTaskDefinition(what.arn);
    return true;
  }
  if (what.kind === "registration") {
    const newest = await newestOf(what.family, ecs);
    if (newest?.registeredBy !== what.run) return false;
    if (newest.active) await ecs.deregisterTaskDefinition(newest.arn);
    return true;
  }
  const { cluster, startedBy, taskArn } = what;
  const arns = taskArn === undefined ? await ecs.listTasks(cluster, { startedBy }) : [taskArn];
  await Promise.all(arns.map((arn) => ecs.stopTask(cluster, arn, reason)));
  return arns.length > 0;
}

async function newestOf(
  family: string,
  ecs: Pick<Ecs, "describeTaskDefinition">,
): Promise<TaskDefinition | undefined> {
  try {
    return await ecs.describeTaskDefinition(family);
  } catch (error) {
    if (error instanceof Failure && error.code === "task-definition-not-found") return undefined;
    throw error;
  }
}
