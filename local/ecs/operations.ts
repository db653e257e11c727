import { describeCapacityProviders } from "./capacity-providers.ts";
import { deleteCluster } from "./delete-cluster.ts";
import { describeTasks } from "./describe-tasks.ts";
import type { Ecs } from "./ecs.ts";
import { executeCommand } from "./execute-command.ts";
import { listTaskDefinitionFamilies } from "./list-families.ts";
import { listTasks } from "./list-tasks.ts";
import { registerTaskDefinition } from "./register-task-definition.ts";
import { runTask } from "./run-task.ts";
import { Services } from "./services.ts";
import { stopTask } from "./stop-task.ts";
import { taskProtection } from "./task-protection.ts";
import { taskTags } from "./task-tags.ts";

type Operation = (ecs: Ecs, request: never) => Promise<object>;

const operations: Readonly<Record<string, Operation>> = {
  DeleteCluster: deleteCluster,
  DescribeCapacityProviders: describeCapacityProviders,
  DescribeTasks: describeTasks,
  ExecuteCommand: executeCommand,
  ListTaskDefinitionFamilies: listTaskDefinitionFamilies,
  ListTasks: listTasks,
  RegisterTaskDefinition: registerTaskDefinition,
  RunTask: runTask,
  StopTask: stopTask,
};

/** Answers a call of ECS; undefined for an operation that moto answers. */
export function ecsOperation(
  ecs: Ecs,
  services: Services,
  operation: string,
  request: object,
): Promise<object> | undefined {
  if (Services.operations.includes(operation)) return services.call(operation, request);
  if (operation.endsWith("TaskProtection")) return taskProtection(ecs, services, operation, request);
  const tags = taskTags(ecs, operation, request);
  if (tags !== undefined) return tags;
  // The client has already checked the request against the operation's model.
  return operations[operation]?.(ecs, request as never);
}
