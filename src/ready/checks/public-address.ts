import type { Task } from "../../aws/task.ts";
import { clusterName } from "../../targets/arn.ts";
import { type Capacity, isOnFargate } from "../../targets/start/capacity.ts";

/** How a task that a step starts by its inputs gets a public address. */
export const BY_INPUT = "'assign-public-ip: true' in a public subnet";

/** How a new task gets a public address. Undefined on instances: ECS assigns one on Fargate alone. */
export function addressOfStart(start: Capacity): string | undefined {
  return isOnFargate(start) ? BY_INPUT : undefined;
}

type TaskOrigin = Pick<Task, "group" | "clusterArn" | "launchType" | "startedBy">;

/** True for a task that a step of this action has started. */
export function isStartedByAction({ startedBy }: Pick<Task, "startedBy">): boolean {
  return startedBy?.startsWith("fargate-exec/") === true;
}

/**
 * How a task, or the one that replaces it, gets a public address. Undefined on instances. `byInputs`: a step starts the task, so its
 * inputs decide.
 */
export function addressOfTask(task: TaskOrigin, byInputs = false): string | undefined {
  const { group, clusterArn, launchType } = task;
  if (launchType !== undefined && launchType !== "FARGATE") return undefined;
  if (byInputs) return BY_INPUT;
  const [, service] = /^service:(.+)$/.exec(group ?? "") ?? [];
  if (service === undefined)
    return "a public address, which it can only get when it is started anew in a public subnet";
  const network =
    "awsvpcConfiguration={subnets=[PUBLIC-SUBNETS],securityGroups=[GROUPS],assignPublicIp=ENABLED}";
  return `a public address in public subnets by 'aws ecs update-service --cluster ${clusterName(clusterArn)} --service ${service} --network-configuration "${network}"'`;
}

/** The ways out of its network that a task can have, as words that stand before "or VPC endpoints". */
export function waysOutOf(task: TaskOrigin): string {
  return ["a NAT gateway", addressOfTask(task, isStartedByAction(task))].filter(Boolean).join(", ");
}
