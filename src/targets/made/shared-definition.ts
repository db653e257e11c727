import type { Ecs } from "../../aws/ecs.ts";
import { Failure, isDenied, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { lastPart } from "../arn.ts";

/** A task definition of the action's own that several jobs use. The last of them deregisters it. */
export interface SharedDefinition {
  readonly kind: "shared-definition";
  readonly arn: string;
  readonly family: string;
  readonly cluster: string;
  /** The `startedBy` of this run's tasks. */
  readonly startedBy: string;
  /** Whether this run has registered it. */
  readonly registered: boolean;
}

type RemovalCalls = Pick<Ecs, "deregisterTaskDefinition" | "deleteTaskDefinition">;
type SharedDefinitionCalls = RemovalCalls & Pick<Ecs, "listTasks" | "describeTasks">;

/**
 * Removes the revision unless a task of another job was started from it. A wrong guess costs one call: a running
 * task survives the deregistration, and a job that is about to start a task registers the definition again. Without
 * the right to list tasks, the run that registered the revision removes it.
 */
export async function leaveShared(
  shared: SharedDefinition,
  ecs: SharedDefinitionCalls,
  log: Log,
): Promise<void> {
  const others = await othersOf(shared, ecs).catch((error: unknown) => {
    if (!isDenied(error)) throw error;
    const then = shared.registered ? "it is deregistered" : "the job that registered it deregisters it";
    log.info(`The tasks of ${lastPart(shared.arn)} can't be listed, so ${then}. ${error.failed}`);
    return shared.registered ? 0 : 1;
  });
  if (others > 0) log.debug(`${shared.arn} stays for other jobs.`);
  else await removeDefinition(shared.arn, ecs, log);
}

/** Deregisters and deletes a revision of the action's own. A revision that may not be deleted stays, inactive. */
export async function removeDefinition(arn: string, ecs: RemovalCalls, log: Log): Promise<void> {
  await ecs.deregisterTaskDefinition(arn);
  await ecs.deleteTaskDefinition(arn).catch((error: unknown) => {
    // The cleanup of a cancel may end the call, which is no failure.
    const why = error instanceof Failure ? error.failed : messageOf(error);
    log.info(`${lastPart(arn)} is deregistered but not deleted. ${why}`);
  });
}

async function othersOf(
  { arn, family, cluster, startedBy }: SharedDefinition,
  ecs: SharedDefinitionCalls,
): Promise<number> {
  const arns = await ecs.listTasks(cluster, { family });
  const tasks = arns.length === 0 ? [] : await ecs.describeTasks(cluster, arns);
  const others = tasks.filter(
    (task) =>
      task.taskDefinitionArn === arn && task.desiredStatus !== "STOPPED" && task.startedBy !== startedBy,
  );
  return others.length;
}
