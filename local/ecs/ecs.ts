import type { AwsError } from "../aws-error.ts";
import type { Keys } from "../keys.ts";
import type { Settings } from "../settings.ts";
import type { Container } from "../task/container.ts";
import type { TaskPlan } from "../task/task-plan.ts";
import type { Task } from "../task/task.ts";
import { clusterNotFound, invalidParameter, wrongCluster } from "./errors.ts";
import type { Records } from "./records.ts";
import type { Cluster } from "../ecs-shapes.ts";

/** The endpoint and the keys with which an exec agent calls AWS. */
export interface AgentAccess {
  readonly endpoint: string;
  readonly region: string;
  /** Undefined without a task role. */
  readonly credentials?: Keys;
}

/** The state that the operations of this folder work on. */
export interface Ecs {
  readonly settings: Settings;
  readonly records: Records;
  /** All tasks, stopped ones included, by ARN, in the order of their start. */
  readonly tasks: Map<string, Task>;
  /** RunTask calls by client token, for repeated calls. */
  readonly tokens: Map<string, { readonly request: string; readonly arns: readonly string[] }>;
  /** The access of a task's exec agent to AWS, with the task role's keys. */
  asTask(task: Task): Promise<AgentAccess>;
  /** Whether Fargate starts `count` tasks now. */
  mayLaunch(count: number): boolean;
  launch(plan: TaskPlan): Task;
  /** Makes a session with this target on the message gateway. */
  createSession(target: string): { sessionId: string; streamUrl: string; tokenValue: string };
}

/** The short name in an ARN or name of a cluster. */
export function clusterName(reference: string | undefined): string {
  return reference?.split("/").at(-1) ?? "default";
}

export async function requireCluster(ecs: Ecs, reference: string | undefined): Promise<Cluster> {
  const cluster = await ecs.records.cluster(reference);
  if (cluster.status === "INACTIVE") throw clusterNotFound();
  return cluster;
}

/**
 * The task in a cluster with an id or ARN; undefined when there is none. Throws for a text that can't be the id or ARN of a task
 * in that cluster. `parameter` is the name that the operation's messages use.
 */
export function findTask(
  ecs: Ecs,
  cluster: string,
  reference: string,
  parameter = "taskId",
): Task | undefined {
  const arn = /^arn:[^:]+:ecs:[^:]+:\d+:task\/(?:([^/]+)\/)?([^/]+)$/.exec(reference);
  const [, named, id = reference] = arn ?? [];
  if (named !== undefined && named !== cluster) throw wrongCluster(named, cluster);
  if (id.length !== 32 && id.length !== 36) throw invalidLength(parameter);
  return [...ecs.tasks.values()].find((task) => task.id === id && task.plan.cluster.clusterName === cluster);
}

function invalidLength(parameter: string): AwsError {
  return invalidParameter(`${parameter} length should be one of [32,36]`);
}

/** The named container; without a name, the task's only one. */
export function findContainer(task: Task, name: string | undefined): Container {
  const found =
    name === undefined
      ? task.containers.length === 1 && task.containers[0]
      : task.containers.find(({ definition }) => definition.name === name);
  if (found) return found;
  // AWS's own words for these two are not known.
  throw invalidParameter(
    name === undefined
      ? "The container name must be specified for a task with more than one container."
      : `Container ${name} is not a container in the task.`,
  );
}
