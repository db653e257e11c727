/** The failures for a resource that AWS does not have, or that the inputs don't name. */
import { Failure, isDenied } from "../errors.ts";

export function clusterNotFound(cluster: string, region: string, seen: string, cause?: unknown): Failure {
  return new Failure("cluster-not-found", {
    failed: `There is no ECS cluster '${cluster}' in ${region}.`,
    seen,
    advice:
      "Check the inputs 'cluster' and 'region', and that the credentials belong to the cluster's account.",
    cause,
  });
}

export function serviceNotFound(service: string, cluster: string, seen: string, cause?: unknown): Failure {
  return new Failure("service-not-found", {
    failed: `There is no active service '${service}' in cluster '${cluster}'.`,
    seen,
    advice: "Check the inputs 'service', 'cluster' and 'region'.",
    cause,
  });
}

export function taskNotFound(task: string, cluster: string, seen: string): Failure {
  return new Failure("task-not-found", {
    failed: `There is no task '${task}' in cluster '${cluster}'.`,
    seen,
    advice:
      "Check the inputs 'task', 'cluster' and 'region'. ECS forgets a stopped task after about an hour; " +
      "with 'service' instead of 'task' the action looks for a running one itself.",
  });
}

export function taskDefinitionNotFound(taskDefinition: string, seen: string, cause?: unknown): Failure {
  return new Failure("task-definition-not-found", {
    failed: `There is no active task definition '${taskDefinition}'.`,
    seen,
    advice:
      "Check the inputs 'task-definition' and 'region': a family, 'family:revision', an ARN, or the path of a JSON " +
      "file, which must start with './' or end in '.json'. A deregistered revision can't be started.",
    cause,
  });
}

/** Whether a task definition can't be read: it was deleted, or the caller may not. A task that runs needs its definition no more. */
export function isUnreadableDefinition(error: unknown): error is Failure {
  return isDenied(error) || (error instanceof Failure && error.code === "task-definition-not-found");
}

/** `what` is the task definition or the image to be started. */
export function networkRequired(what: string, seen: string, cause?: unknown): Failure {
  return new Failure("network-required", {
    failed: `To start a task of '${what}' on Fargate the input 'subnets' is required.`,
    seen,
    advice:
      "Set 'subnets' (and 'security-groups'; in a public subnet 'assign-public-ip: true' as well) to a network " +
      "with a route to ECR, S3 and ssmmessages (a NAT gateway, a public address or VPC endpoints), or name a 'service' " +
      "to borrow its network.",
    cause,
  });
}
