import { AwsError } from "../aws-error.ts";
import { awslogsGroup } from "../task/awslogs.ts";
import type { Ecs } from "./ecs.ts";
import type { TaskDefinition } from "../ecs-shapes.ts";

/** Registers a task definition by moto, after a check that moto leaves out. */
export async function registerTaskDefinition(ecs: Ecs, request: Partial<TaskDefinition>): Promise<object> {
  const { requiresCompatibilities = [], executionRoleArn, containerDefinitions = [] } = request;
  const logs = containerDefinitions.some((definition) => awslogsGroup(definition) !== undefined);
  // The text is from a user's report: https://github.com/virtual-kubelet/virtual-kubelet/issues/193
  if (requiresCompatibilities.includes("FARGATE") && logs && executionRoleArn === undefined)
    throw new AwsError(
      "ClientException",
      "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    );
  return (await ecs.records.call("RegisterTaskDefinition", request)) as object;
}
