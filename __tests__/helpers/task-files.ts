import type { ExecuteCommandConfiguration } from "../../local/ecs-shapes.ts";
import type { Inputs } from "./local.ts";

/** When a task needs each file of its role: by the inputs of the step in it, and by its cluster. */
const NEEDED: Readonly<Record<string, (inputs: Inputs, settings: ExecuteCommandConfiguration) => boolean>> = {
  "task-role": () => true,
  "task-role-bucket": ({ bucket }) => bucket !== undefined,
  "task-role-bucket-kms": ({ bucket, "kms-key-id": key }) => bucket !== undefined && key !== undefined,
  "task-role-kms": (_, { kmsKeyId }) => kmsKeyId !== undefined,
  // By default the sessions are logged where the container is.
  "task-role-logs-cloudwatch": (_, { logging, logConfiguration }) =>
    logging === "DEFAULT" || logConfiguration?.cloudWatchLogGroupName !== undefined,
  "task-role-logs-cloudwatch-encrypted": (_, { logConfiguration }) =>
    logConfiguration?.cloudWatchEncryptionEnabled === true,
  "task-role-logs-s3": (_, { logConfiguration }) => logConfiguration?.s3BucketName !== undefined,
  "task-role-logs-s3-encrypted": (_, { logConfiguration }) => logConfiguration?.s3EncryptionEnabled === true,
};

/** All files of the task role. */
export const taskFiles: readonly string[] = Object.keys(NEEDED);

/** The files that the role of a task needs for a step with these inputs, on a cluster with these settings. */
export function taskFilesFor(inputs: Inputs, settings: ExecuteCommandConfiguration): readonly string[] {
  return taskFiles.filter((file) => NEEDED[file]?.(inputs, settings));
}
