import type { Ecs, ServiceRevision } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";

/** A service in its cluster; with `revision` only the tasks of that one count. */
export interface ServiceTasks {
  readonly cluster: string;
  readonly service: string;
  readonly revision?: ServiceRevision | undefined;
}

/** The tasks that the service has now. Calls `onListed` before it asks for more than their names. */
export async function describeServiceTasks(
  { cluster, service, revision }: ServiceTasks,
  ecs: Pick<Ecs, "listTasks" | "describeTasks">,
  onListed: () => void = () => undefined,
): Promise<readonly Task[]> {
  const arns = await ecs.listTasks(cluster, { service });
  onListed();
  const tasks = await ecs.describeTasks(cluster, arns);
  return revision === undefined ? tasks : tasksOf(revision, tasks);
}

/**
 * The tasks of a revision. ECS does not name a task's revision. AWS's examples have the same form of number in the ARN of a
 * revision and in the `startedBy` of its tasks (`ecs-svc/…`), but no page says that they are equal. So the tasks with that
 * number count where there are any; else those with the revision's task definition, of them those that were started by the
 * deployment that has started the newest one.
 */
export function tasksOf(
  { arn, taskDefinitionArn }: ServiceRevision,
  tasks: readonly Task[],
): readonly Task[] {
  const started = `ecs-svc/${arn.slice(arn.lastIndexOf("/") + 1)}`;
  const numbered = tasks.filter(({ startedBy }) => startedBy === started);
  if (numbered.length > 0) return numbered;
  const alike = tasks.filter((task) => task.taskDefinitionArn === taskDefinitionArn);
  const [newest] = alike.toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
  return alike.filter(({ startedBy }) => startedBy === newest?.startedBy);
}
