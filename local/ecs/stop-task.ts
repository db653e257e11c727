import { clusterName, findTask, requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import { taskView } from "./task-view.ts";

export interface StopTaskRequest {
  readonly cluster?: string;
  readonly task: string;
  readonly reason?: string;
}

/** Answers at once with the task's present state. The task stops afterwards. */
export async function stopTask(ecs: Ecs, request: StopTaskRequest): Promise<object> {
  await requireCluster(ecs, request.cluster);
  const task = findTask(ecs, clusterName(request.cluster), request.task);
  if (task === undefined) throw invalidParameter("The referenced task was not found.");
  task.stop("UserInitiated", request.reason ?? "Task stopped by user");
  return { task: taskView(task, { tags: true }) };
}
