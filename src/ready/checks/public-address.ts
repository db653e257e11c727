import type { Task } from "../../aws/task.ts";
import { clusterName } from "../../targets/arn.ts";
import { type Capacity, isOnFargate } from "../../targets/start/capacity.ts";

/** The step starts the task by its inputs. */
export const BY_INPUT = "'assign-public-ip: true' in a public subnet";

/** How a new task gets a public address. Undefined on instances: ECS assigns one on Fargate alone. */
export function addressOfStart(start: Capacity): string | undefined {
  return isOnFargate(start) ? BY_INPUT : undefined;
}

/** How a task that runs, or the one in its place, gets a public address. The step's inputs can't give it one. */
export function addressOfTask({
  group,
  clusterArn,
  launchType,
}: Pick<Task, "group" | "clusterArn" | "launchType">): string | undefined {
  if (launchType !== undefined && launchType !== "FARGATE") return undefined;
  const [, service] = /^service:(.+)$/.exec(group ?? "") ?? [];
  if (service === undefined)
    return "a public address, which it can only get when it is started anew in a public subnet";
  const network =
    "awsvpcConfiguration={subnets=[PUBLIC-SUBNETS],securityGroups=[GROUPS],assignPublicIp=ENABLED}";
  return `a public address in public subnets by 'aws ecs update-service --cluster ${clusterName(clusterArn)} --service ${service} --network-configuration "${network}"'`;
}
