import type { TranscriptLogs } from "../agent/agent.ts";
import { awslogsGroup } from "../task/awslogs.ts";
import type { Container } from "../task/container.ts";
import { clusterName, findContainer, findTask, requireCluster, type Ecs } from "./ecs.ts";
import { execNotEnabled, invalidParameter, targetNotConnected } from "./errors.ts";
import type { ExecuteCommandConfiguration } from "../ecs-shapes.ts";

export interface ExecuteCommandRequest {
  readonly cluster?: string;
  readonly task: string;
  readonly container?: string;
  readonly command?: string;
  readonly interactive?: boolean;
}

export async function executeCommand(ecs: Ecs, request: ExecuteCommandRequest): Promise<object> {
  const cluster = await requireCluster(ecs, request.cluster);
  if (request.interactive !== true)
    throw invalidParameter("Interactive is the only mode supported currently.");
  const task = findTask(ecs, clusterName(request.cluster), request.task, "task");
  // ExecuteCommand's message for an unknown task is not documented. This is StopTask's.
  if (task === undefined) throw invalidParameter("The referenced task was not found.");
  const container = findContainer(task, request.container);
  const managed = task.agents.get(container);
  if (managed?.lastStatus !== "RUNNING" || container.lastStatus !== "RUNNING") throw execNotEnabled();
  if (managed.connected === undefined) throw targetNotConnected();

  const session = ecs.createSession(`ecs:${task.plan.cluster.clusterName}_${task.id}_${container.runtimeId}`);
  const configuration = cluster.configuration?.executeCommandConfiguration;
  const kmsKeyId = configuration?.kmsKeyId;
  const log = transcriptLogsOf(configuration, container);
  const access = (log ?? kmsKeyId) ? await ecs.asTask(task) : undefined;
  managed.connected.startSession({
    sessionId: session.sessionId,
    command: request.command ?? "",
    ...(access && log && { transcript: { ...access, ...log } }),
    ...(access && kmsKeyId && { encryption: { ...access, kmsKeyId } }),
  });
  return {
    clusterArn: cluster.clusterArn,
    containerArn: container.arn,
    containerName: container.definition.name,
    interactive: true,
    session,
    taskArn: task.arn,
  };
}

/**
 * Where a session is logged. DEFAULT: to the container's log group. OVERRIDE: to the log group and the bucket that the cluster
 * names. NONE, or no configuration: nowhere.
 */
function transcriptLogsOf(
  configuration: ExecuteCommandConfiguration | undefined,
  container: Container,
): TranscriptLogs | undefined {
  if (configuration?.logging === "OVERRIDE") {
    const { cloudWatchLogGroupName, s3BucketName, s3KeyPrefix, ...encryption } =
      configuration.logConfiguration ?? {};
    return {
      ...(cloudWatchLogGroupName !== undefined && { cloudWatchLogGroup: cloudWatchLogGroupName }),
      ...(s3BucketName !== undefined && { s3Bucket: s3BucketName }),
      ...(s3KeyPrefix !== undefined && { s3KeyPrefix }),
      cloudWatchEncryption: encryption.cloudWatchEncryptionEnabled ?? false,
      s3Encryption: encryption.s3EncryptionEnabled ?? false,
    };
  }
  if (configuration?.logging === "DEFAULT") {
    const group = awslogsGroup(container.definition);
    if (group !== undefined) return { cloudWatchLogGroup: group };
  }
  return undefined;
}
