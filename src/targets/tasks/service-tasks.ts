import type { Ecs } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";
import type { NewRevision } from "../resolve-context.ts";

/** A service in its cluster; with `revision` only the tasks of that revision count. */
export interface ServiceTasks {
  readonly cluster: string;
  readonly service: string;
  readonly revision?: NewRevision | undefined;
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
 * The tasks that are certain to be the new revision's. ECS does not name a task's revision. The `startedBy` of a task is the id
 * of its deployment, `ecs-svc/<number>` (API reference of Task). AWS's examples have the same form of number in the ARN of a
 * revision, but no page says that they are equal. So the tasks with the new revision's number are its own. When no task has that
 * number, but some have the number of a revision that is replaced, the new revision has no tasks. Else the numbers tell nothing, and
 * its tasks are those with its definition. When a revision that is replaced has that definition, too, `onlyYoung` tells them apart.
 */
export function tasksOf(revision: NewRevision, tasks: readonly Task[]): readonly Task[] {
  const numbered = tasks.filter((task) => hasNumberOf(revision.arn, task));
  if (numbered.length > 0) return numbered;
  if (tasks.some((task) => revision.sources.some(({ arn }) => hasNumberOf(arn, task)))) return [];
  const alike = tasks.filter(({ taskDefinitionArn }) => taskDefinitionArn === revision.taskDefinitionArn);
  const rivals = revision.sources.filter(
    ({ taskDefinitionArn = revision.taskDefinitionArn }) => taskDefinitionArn === revision.taskDefinitionArn,
  );
  return rivals.length === 0 ? alike : onlyYoung(alike, revision.since, rivals.length);
}

/**
 * The tasks of the new deployment, among tasks of one definition. A deployment is old when it has a task that is older than the
 * new deployment. The result is empty unless all `rivals` are found as old deployments: an old one may have started all of its tasks
 * again since then.
 */
function onlyYoung(tasks: readonly Task[], since: number, rivals: number): readonly Task[] {
  const isOld = ({ createdAt }: Task): boolean => createdAt === undefined || createdAt < since;
  const old = new Set(tasks.filter(isOld).map(({ startedBy }) => startedBy));
  const young = tasks.filter(({ startedBy }) => !old.has(startedBy));
  const isOne = new Set(young.map(({ startedBy }) => startedBy)).size === 1;
  return isOne && old.size >= rivals ? young : [];
}

function hasNumberOf(revisionArn: string, { startedBy }: Task): boolean {
  return startedBy === `ecs-svc/${revisionArn.slice(revisionArn.lastIndexOf("/") + 1)}`;
}
