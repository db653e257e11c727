import type { Task } from "../../aws/task.ts";
import { clusterName } from "../../targets/arn.ts";

/** The name of the service that has started the task; undefined for any other task. */
export function serviceOfTask({ group }: Pick<Task, "group">): string | undefined {
  return group?.startsWith("service:") === true ? group.slice("service:".length) : undefined;
}

/** How the task, or the one that replaces it, is started with ECS Exec. */
export function enableExec(task: Pick<Task, "group" | "clusterArn">): string {
  const service = serviceOfTask(task);
  return service === undefined
    ? "Start the task with '--enable-execute-command' ('enableExecuteCommand' of RunTask)"
    : `Run 'aws ecs update-service --cluster ${clusterName(task.clusterArn)} --service ${service} --enable-execute-command --force-new-deployment'`;
}
