/** The names of this world's account, region, cluster and bucket. */
export const REGION = "eu-west-1";
export const ACCOUNT = "111122223333";
export const CLUSTER = "jobs";
export const BUCKET = "staging";
export const CONTAINER = "app";
/** Where the cluster logs its sessions: a log group, and a prefix in the bucket. */
export const LOG_GROUP = "/jobs/sessions";
export const LOG_PREFIX = "sessions";
const ECS = `arn:aws:ecs:${REGION}:${ACCOUNT}`;
export const CLUSTER_ARN = `${ECS}:cluster/${CLUSTER}`;

export function taskArn(id: string): string {
  return `${ECS}:task/${CLUSTER}/${id}`;
}

/** The target by which Session Manager knows a container. */
export function targetOf(taskId: string, runtimeId: string): string {
  return `ecs:${CLUSTER}_${taskId}_${runtimeId}`;
}

/** The name of the service. */
export const SERVICE = "web";
export const SERVICE_ARN = `${ECS}:service/${CLUSTER}/${SERVICE}`;

/** The family of the user's task definition. */
export const FAMILY = "app";

/** The ARN of a revision, such as `app:1`. */
export function definitionArn(revision: string): string {
  return `${ECS}:task-definition/${revision}`;
}
