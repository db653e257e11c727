/** The names of this world's account, region, cluster and bucket. */
export const REGION = "eu-west-1";
export const ACCOUNT = "111122223333";
export const CLUSTER = "jobs";
export const CONTAINER = "app";
const ECS = `arn:aws:ecs:${REGION}:${ACCOUNT}`;
export const CLUSTER_ARN = `${ECS}:cluster/${CLUSTER}`;
export const DEFINITION_ARN = `${ECS}:task-definition/app:1`;

export function taskArn(id: string): string {
  return `${ECS}:task/${CLUSTER}/${id}`;
}

/** The target by which Session Manager knows a container. */
export function targetOf(taskId: string, runtimeId: string): string {
  return `ecs:${CLUSTER}_${taskId}_${runtimeId}`;
}
