import type { Task } from "../aws/task.ts";
import { Failure } from "../errors.ts";
import { clusterName, lastPart } from "./arn.ts";
import type { Target } from "./target.ts";

/** A container in a task of a cluster, with the names by which ECS and Systems Manager know it. */
export interface ContainerRef {
  /** ARN. */
  readonly cluster: string;
  /** ARN. */
  readonly task: string;
  readonly container: string;
  readonly runtimeId: string;
  /** `ecs:<cluster>_<task>_<runtime id>`: the name by which Systems Manager and KMS know the container. */
  readonly sessionTarget: string;
}

/**
 * The reference of a target's container. `task` is the running task as ECS describes it. Fails with `aws-error` when
 * ECS tells no runtime ID.
 */
export function containerRef(
  { clusterArn: cluster, taskArn, taskId, container }: Target,
  task: Task,
): ContainerRef {
  const runtimeId = task.containers.find(({ name }) => name === container)?.runtimeId;
  if (runtimeId === undefined) {
    throw new Failure("aws-error", {
      failed: `Container '${container}' of task ${taskId} has no name in Systems Manager.`,
      seen: "ecs:DescribeTasks has no runtime ID for it, although it runs.",
      advice: "Run the job again. If it repeats, use another task.",
    });
  }
  return namedContainer({ cluster, task: taskArn, container, runtimeId });
}

/** The reference of a container that ECS knows by these names. */
export function namedContainer(names: Omit<ContainerRef, "sessionTarget">): ContainerRef {
  const { cluster, task, container, runtimeId } = names;
  const sessionTarget = `ecs:${clusterName(cluster)}_${lastPart(task)}_${runtimeId}`;
  return { cluster, task, container, runtimeId, sessionTarget };
}
