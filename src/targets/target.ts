import type { Task } from "../aws/task.ts";
import { clusterName, lastPart } from "./arn.ts";
import type { Hold } from "./definitions/held-definition.ts";

/** The one container of the one task that the job runs in. */
export interface Target {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly taskArn: string;
  readonly taskId: string;
  readonly container: string;
  /** True when this run has started the task, and so has to stop it. */
  readonly started: boolean;
  /** Undefined when the container runs its own command. */
  readonly hold?: Hold | undefined;
  /** The ARN of the user's registered revision that a new task is of, or whose copy it is of; undefined when there is none. */
  readonly revision?: string | undefined;
  /** The task's cpu units (1024 for one vCPU), or undefined when ECS names none. */
  readonly cpuUnits: number | undefined;
  /** The task's address in its VPC, as far as ECS tells it. */
  readonly privateIp: string | undefined;
  /** The name of the service that the task belongs to; undefined for a task without a service. */
  readonly service?: string | undefined;
}

export function targetOf(
  task: Task,
  container: string,
  started: boolean,
  { hold, revision }: Pick<Target, "hold" | "revision"> = {},
): Target {
  return {
    clusterArn: task.clusterArn,
    clusterName: clusterName(task.clusterArn),
    taskArn: task.arn,
    taskId: lastPart(task.arn),
    container,
    started,
    ...(hold !== undefined && { hold }),
    ...(revision !== undefined && { revision }),
    cpuUnits: task.cpu,
    privateIp: task.privateIp,
    service: /^service:(.+)$/.exec(task.group ?? "")?.[1],
  };
}
