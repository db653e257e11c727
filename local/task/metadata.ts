import type { Container } from "./container.ts";
import { hasInterface, launchTypeOf } from "./placement.ts";
import type { TaskPlan } from "./task-plan.ts";
import type { Task } from "./task.ts";

/**
 * The answer of the task metadata endpoint, version 4: at `/v4/<runtime id>` the container, at `/v4/<runtime id>/task` its task.
 * Undefined for an unknown path.
 */
export function metadata(tasks: Iterable<Task>, path: string): object | undefined {
  const [, id, rest] = /^\/v4\/([^/]+)(\/task)?$/.exec(path) ?? [];
  for (const task of tasks) {
    const container = task.containers.find(({ runtimeId }) => runtimeId === id);
    if (container !== undefined)
      return rest === undefined ? containerMetadata(task, container) : taskMetadata(task);
  }
  return undefined;
}

function taskMetadata(task: Task): object {
  const { plan } = task;
  const { definition, group } = plan;
  return {
    Cluster: plan.cluster.clusterArn,
    TaskARN: task.arn,
    Family: definition.family,
    Revision: String(definition.revision),
    ServiceName: group.startsWith("service:") ? group.slice("service:".length) : undefined,
    DesiredStatus: task.desiredStatus,
    // This comes from the ECS agent on the host, which sees only whether the containers run. It does not know the control plane's status.
    KnownStatus: task.containers.every(({ lastStatus }) => lastStatus === "RUNNING")
      ? "RUNNING"
      : task.lastStatus,
    Limits: limits(plan),
    PullStartedAt: iso(task.times.pullStartedAt),
    PullStoppedAt: iso(task.times.pullStoppedAt),
    AvailabilityZone: `${task.arn.split(":")[3] ?? ""}a`,
    LaunchType: launchTypeOf(plan),
    Containers: task.containers.map((container) => containerMetadata(task, container)),
    ClockDrift: {
      ClockErrorBound: 0.5,
      ReferenceTimestamp: iso(Date.now()),
      ClockSynchronizationStatus: "SYNCHRONIZED",
    },
    EphemeralStorageMetrics: { Utilized: 200, Reserved: 20_496 },
  };
}

/** The task's size. Undefined, and so not in the JSON, for a task on EC2 that has none (AWS: "Task metadata version 4"). */
function limits(plan: TaskPlan): object | undefined {
  const { definition, overrides } = plan;
  const [cpu, memory] = [overrides.cpu ?? definition.cpu, overrides.memory ?? definition.memory];
  if (launchTypeOf(plan) !== "FARGATE" && cpu === undefined && memory === undefined) return undefined;
  return { CPU: Number(cpu ?? 256) / 1024, Memory: Number(memory ?? 512) };
}

function containerMetadata(task: Task, container: Container): object {
  const { definition } = container;
  const { definition: taskDefinition, cluster } = task.plan;
  return {
    DockerId: container.runtimeId,
    Name: definition.name,
    DockerName: definition.name,
    Image: definition.image,
    Labels: {
      "com.amazonaws.ecs.cluster": cluster.clusterArn,
      "com.amazonaws.ecs.container-name": definition.name,
      "com.amazonaws.ecs.task-arn": task.arn,
      "com.amazonaws.ecs.task-definition-family": taskDefinition.family,
      "com.amazonaws.ecs.task-definition-version": String(taskDefinition.revision),
    },
    DesiredStatus: task.desiredStatus,
    KnownStatus: container.lastStatus,
    Limits: { CPU: definition.cpu ?? 2, Memory: definition.memory },
    CreatedAt: iso(container.createdAt),
    StartedAt: iso(container.startedAt),
    Type: "NORMAL",
    LogDriver: definition.logConfiguration?.logDriver,
    LogOptions: definition.logConfiguration?.options,
    ContainerARN: container.arn,
    Networks: [
      {
        NetworkMode: hasInterface(task.plan) ? "awsvpc" : "bridge",
        IPv4Addresses: [task.ip],
        AttachmentIndex: 0,
        MACAddress: "0a:00:00:00:00:01",
        PrivateDNSName: task.hostname,
      },
    ],
    Snapshotter: "overlayfs",
  };
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
