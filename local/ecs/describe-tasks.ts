import { clusterName, findTask, requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import { taskView } from "./task-view.ts";

export interface DescribeTasksRequest {
  readonly cluster?: string;
  readonly tasks?: readonly string[];
  readonly include?: readonly string[];
}

export async function describeTasks(ecs: Ecs, request: DescribeTasksRequest): Promise<object> {
  await requireCluster(ecs, request.cluster);
  const { tasks: references = [], include = [] } = request;
  if (references.length === 0) throw invalidParameter("Tasks cannot be empty.");
  if (references.length > 100) throw invalidParameter("Tasks cannot be more than 100.");

  const cluster = clusterName(request.cluster);
  const tasks: object[] = [];
  const failures: object[] = [];
  for (const reference of references) {
    const task = findTask(ecs, cluster, reference);
    if (task !== undefined) tasks.push(taskView(task, { tags: include.includes("TAGS") }));
    else failures.push({ arn: taskArn(ecs, cluster, reference), reason: "MISSING" });
  }
  return { tasks, failures };
}

function taskArn(ecs: Ecs, cluster: string, reference: string): string {
  if (reference.startsWith("arn:")) return reference;
  return `arn:aws:ecs:${ecs.settings.region}:${ecs.settings.accountId}:task/${cluster}/${reference}`;
}
