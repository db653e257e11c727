import type { SessionLogOptions } from "../../scenario.ts";
import { BUCKET, CLUSTER, CLUSTER_ARN, CONTAINER, LOG_GROUP, LOG_PREFIX } from "../names.ts";
import type { Task, TaskState } from "./task.ts";

/** The shapes in which ECS describes what it has. */
export function describeCluster(logs: SessionLogOptions | undefined): unknown {
  return {
    ...{ clusterArn: CLUSTER_ARN, clusterName: CLUSTER, status: "ACTIVE" },
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    configuration: { executeCommandConfiguration: describeLogs(logs) },
  };
}

function describeLogs(logs: SessionLogOptions | undefined): unknown {
  if (logs === undefined) return { logging: "NONE" };
  const logConfiguration = {
    ...(logs.group !== undefined && { cloudWatchLogGroupName: LOG_GROUP }),
    ...(logs.bucket && { s3BucketName: BUCKET, s3KeyPrefix: LOG_PREFIX }),
  };
  return { logging: "OVERRIDE", logConfiguration };
}

export function describeTask({ identity, container, imageDigest }: Task, state: TaskState): unknown {
  const { arn, definition, group, startedBy, createdAt, overrides = {}, capacityProvider } = identity;
  const { containerStatus, agentStatus, exitCode, reason } = state;
  return {
    ...{ taskArn: arn, clusterArn: CLUSTER_ARN, taskDefinitionArn: definition.arn, group, overrides },
    ...{ lastStatus: state.lastStatus, desiredStatus: state.desiredStatus, enableExecuteCommand: true },
    ...{ launchType: "FARGATE", platformVersion: "1.4.0", platformFamily: "Linux" },
    ...{ cpu: "1024", memory: "2048", createdAt: new Date(createdAt), healthStatus: "UNKNOWN" },
    ...(startedBy !== undefined && { startedBy }),
    ...(capacityProvider !== undefined && { capacityProviderName: capacityProvider }),
    ...(state.stopCode !== undefined && { stopCode: state.stopCode, stoppedReason: state.stoppedReason }),
    ...timesOf(state),
    attachments: [describeInterface(identity.id, state)],
    containers: [
      {
        ...{ name: CONTAINER, image: "app:1", lastStatus: containerStatus },
        ...(state.startedAt !== undefined && { runtimeId: container?.runtimeId }),
        ...((state.pullStoppedAt ?? state.startedAt) !== undefined && { imageDigest }),
        ...(exitCode !== undefined && { exitCode }),
        ...(reason !== undefined && { reason }),
        managedAgents: [
          {
            ...{ name: "ExecuteCommandAgent", lastStatus: agentStatus },
            ...(agentStatus === "STOPPED" && reason !== undefined && { reason }),
          },
        ],
      },
    ],
  };
}

function describeInterface(id: string, { hasAddress }: TaskState): unknown {
  const details = hasAddress
    ? [
        { name: "networkInterfaceId", value: `eni-${id.slice(0, 17)}` },
        { name: "privateIPv4Address", value: "10.0.1.23" },
      ]
    : [];
  return { type: "ElasticNetworkInterface", status: hasAddress ? "ATTACHED" : "PRECREATED", details };
}

function timesOf(state: TaskState): Readonly<Record<string, Date>> {
  const names = ["pullStartedAt", "pullStoppedAt", "startedAt"] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const at = state[name];
      return at === undefined ? [] : [[name, new Date(at)]];
    }),
  );
}
