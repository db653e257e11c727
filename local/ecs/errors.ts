/** The errors of ECS in ECS's own words. Sources: its API models, and reports of its users. */
import { AwsError } from "../aws-error.ts";

export const invalidParameter = (message: string): AwsError =>
  new AwsError("InvalidParameterException", message);

export const client = (message: string): AwsError => new AwsError("ClientException", message);

export const clusterNotFound = (): AwsError => new AwsError("ClusterNotFoundException", "Cluster not found.");

export const serviceNotFound = (): AwsError => new AwsError("ServiceNotFoundException", "Service not found.");

/** ExecuteCommand's answer in all these cases: exec not enabled, agent not yet running, task or container not running. */
export const execNotEnabled = (): AwsError =>
  invalidParameter(
    "The execute command failed because execute command was not enabled when the task was run or the execute " +
      "command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.",
  );

export const targetNotConnected = (): AwsError =>
  new AwsError(
    "TargetNotConnectedException",
    "The execute command failed due to an internal error. Try again later.",
  );

/** RunTask's answer with `enableExecuteCommand` and without a task role. AWS's own text names the wrong operation. */
export const noTaskRole = (): AwsError =>
  invalidParameter(
    "The execute command failed because a valid task role is not being used. Specify a valid task role in your " +
      "task definition or as a task override and try again.",
  );

export const wrongCluster = (named: string, yours: string): AwsError =>
  invalidParameter(`Invalid identifier: Identifier is for cluster ${named}. Your cluster is ${yours}`);
