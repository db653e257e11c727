import type { Container as SdkContainer, Task as SdkTask } from "@aws-sdk/client-ecs";
import { requireMember } from "./required-member.ts";

/** The members of a task that the action reads. Times are milliseconds since the epoch. */
export interface Task {
  readonly arn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly startedBy: string | undefined;
  /** `service:<name>` for the tasks of a service. */
  readonly group: string | undefined;
  /** PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED. */
  readonly lastStatus: string;
  /** RUNNING, or STOPPED from the moment that ECS has decided to stop it. */
  readonly desiredStatus: string;
  readonly stopCode: string | undefined;
  readonly stoppedReason: string | undefined;
  /** CPU units, 1024 to a vCPU. */
  readonly cpu: number | undefined;
  /** MiB. */
  readonly memory: number | undefined;
  readonly enableExecuteCommand: boolean;
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  /** When the task's network was up. */
  readonly connectivityAt: number | undefined;
  readonly pullStartedAt: number | undefined;
  readonly pullStoppedAt: number | undefined;
  readonly launchType: string | undefined;
  readonly platformVersion: string | undefined;
  readonly platformFamily: string | undefined;
  /** HEALTHY, UNHEALTHY or UNKNOWN. It is UNKNOWN also when no container has a health check. */
  readonly healthStatus: string;
  readonly privateIp: string | undefined;
  readonly networkInterfaceId: string | undefined;
  /** The task role of the override; undefined when the task was started without one. */
  readonly taskRoleArn: string | undefined;
  readonly containers: readonly Container[];
}

export interface Container {
  readonly name: string;
  readonly image: string | undefined;
  /** The digest of the image that was pulled, as in `sha256:…`. For an image for several platforms it is that of the index. */
  readonly imageDigest: string | undefined;
  readonly lastStatus: string;
  readonly exitCode: number | undefined;
  readonly reason: string | undefined;
  readonly runtimeId: string | undefined;
  /** Undefined while ECS reports no ECS Exec agent for this container. */
  readonly execAgent: ExecAgent | undefined;
}

export interface ExecAgent {
  /** PENDING, RUNNING or STOPPED. */
  readonly status: string;
  readonly reason: string | undefined;
}

/** Whether this container has ended, and with it all that ran in it. The container of a task that is being stopped still runs. */
export function hasContainerEnded({ lastStatus, containers }: Task, name: string): boolean {
  return (
    containers.find((each) => each.name === name)?.lastStatus === "STOPPED" ||
    /^(DEPROVISIONING|STOPPED)$/.test(lastStatus)
  );
}

export function taskFrom(task: SdkTask): Task {
  const network = task.attachments?.find((attachment) => attachment.type === "ElasticNetworkInterface");
  const detail = (name: string): string | undefined => network?.details?.find((d) => d.name === name)?.value;
  return {
    arn: requireMember(task.taskArn, "taskArn"),
    clusterArn: requireMember(task.clusterArn, "clusterArn"),
    taskDefinitionArn: requireMember(task.taskDefinitionArn, "taskDefinitionArn"),
    startedBy: task.startedBy,
    group: task.group,
    lastStatus: requireMember(task.lastStatus, "lastStatus"),
    desiredStatus: requireMember(task.desiredStatus, "desiredStatus"),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    cpu: number(task.cpu),
    memory: number(task.memory),
    enableExecuteCommand: task.enableExecuteCommand ?? false,
    createdAt: task.createdAt?.getTime(),
    startedAt: task.startedAt?.getTime(),
    connectivityAt: task.connectivityAt?.getTime(),
    pullStartedAt: task.pullStartedAt?.getTime(),
    pullStoppedAt: task.pullStoppedAt?.getTime(),
    launchType: task.launchType,
    platformVersion: task.platformVersion,
    platformFamily: task.platformFamily,
    healthStatus: task.healthStatus ?? "UNKNOWN",
    privateIp:
      detail("privateIPv4Address") ??
      task.containers?.flatMap((c) => c.networkInterfaces ?? []).find((n) => n.privateIpv4Address)
        ?.privateIpv4Address,
    networkInterfaceId: detail("networkInterfaceId"),
    taskRoleArn: task.overrides?.taskRoleArn,
    containers: task.containers?.map(containerFrom) ?? [],
  };
}

function containerFrom(container: SdkContainer): Container {
  const agent = container.managedAgents?.find(({ name }) => name === "ExecuteCommandAgent");
  return {
    name: requireMember(container.name, "name"),
    image: container.image,
    imageDigest: container.imageDigest,
    lastStatus: container.lastStatus ?? "PENDING",
    exitCode: container.exitCode,
    reason: container.reason,
    runtimeId: container.runtimeId,
    execAgent: agent && { status: agent.lastStatus ?? "PENDING", reason: agent.reason },
  };
}

function number(text: string | undefined): number | undefined {
  return text ? Number(text) : undefined;
}
