import { createHash } from "node:crypto";
import type { Container } from "../task/container.ts";
import { hasInterface, launchTypeOf } from "../task/placement.ts";
import type { TaskTime } from "../task/lifecycle.ts";
import type { Task } from "../task/task.ts";
import type { Tag } from "../ecs-shapes.ts";

const timesShown: readonly TaskTime[] = [
  "connectivityAt",
  "createdAt",
  "executionStoppedAt",
  "pullStartedAt",
  "pullStoppedAt",
  "startedAt",
  "stoppedAt",
  "stoppingAt",
];

/** A task as RunTask, StopTask and DescribeTasks show it. Undefined members are not in the JSON. */
export function taskView(task: Task, options: { tags: boolean }): Record<string, unknown> {
  const { plan } = task;
  const { definition, overrides } = plan;
  const launchType = launchTypeOf(plan);
  const isOnFargate = launchType === "FARGATE";
  const provisioned = task.times.connectivityAt !== undefined;
  return {
    attachments: hasInterface(plan) ? [attachment(task)] : [],
    attributes: [{ name: "ecs.cpu-architecture", value: process.arch === "arm64" ? "arm64" : "x86_64" }],
    availabilityZone: `${task.arn.split(":")[3] ?? ""}a`,
    capacityProviderName: plan.capacityProvider?.capacityProvider,
    clusterArn: plan.cluster.clusterArn,
    connectivity: provisioned ? "CONNECTED" : undefined,
    containers: task.containers.map((container) => containerView(task, container)),
    cpu: overrides.cpu ?? definition.cpu,
    memory: overrides.memory ?? definition.memory,
    desiredStatus: task.desiredStatus,
    lastStatus: task.lastStatus,
    enableExecuteCommand: plan.enableExecuteCommand,
    group: plan.group,
    healthStatus: taskHealth(task),
    launchType,
    // A task on EC2 has an instance, and no platform.
    ...(isOnFargate
      ? { platformFamily: "Linux", platformVersion: plan.platformVersion }
      : {
          containerInstanceArn: `${plan.cluster.clusterArn.replace(":cluster/", ":container-instance/")}/${"0".repeat(32)}`,
        }),
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...overrides },
    startedBy: plan.startedBy,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    tags: options.tags ? task.tags : ([] satisfies Tag[]),
    taskArn: task.arn,
    taskDefinitionArn: definition.taskDefinitionArn,
    version: task.history.length,
    ...(isOnFargate && {
      ephemeralStorage: overrides.ephemeralStorage ?? definition.ephemeralStorage ?? { sizeInGiB: 20 },
    }),
    ...Object.fromEntries(timesShown.map((name) => [name, seconds(task.times[name])])),
  };
}

/** The network interface of a task. */
function attachment(task: Task): object {
  const details = [
    { name: "subnetId", value: task.plan.network?.awsvpcConfiguration?.subnets[0] },
    { name: "networkInterfaceId", value: task.interface?.id },
    { name: "macAddress", value: "0a:00:00:00:00:01" },
    { name: "privateDnsName", value: task.hostname },
    { name: "privateIPv4Address", value: task.ip },
  ];
  const provisioned = task.times.connectivityAt !== undefined;
  return {
    id: task.attachmentId,
    type: "ElasticNetworkInterface",
    status: task.lastStatus === "STOPPED" ? "DELETED" : provisioned ? "ATTACHED" : "PRECREATED",
    details: provisioned ? details : details.slice(0, 1),
  };
}

/** The task's health. Only essential containers with a health check count: UNHEALTHY if one of them is, HEALTHY if all are. */
function taskHealth({ containers }: Task): string {
  const checked = containers.flatMap(({ essential, health }) =>
    essential && health !== undefined ? health.status : [],
  );
  if (checked.includes("UNHEALTHY")) return "UNHEALTHY";
  return checked.length === 0 || checked.includes("UNKNOWN") ? "UNKNOWN" : "HEALTHY";
}

function containerView(task: Task, container: Container): Record<string, unknown> {
  const { definition } = container;
  const agent = task.agents.get(container);
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: definition.name,
    image: definition.image,
    imageDigest: task.times.pullStoppedAt === undefined ? undefined : digestOf(definition.image),
    // The runtime gives the id when it creates the container.
    runtimeId: container.createdAt === undefined ? undefined : container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: [],
    networkInterfaces: hasInterface(task.plan)
      ? [{ attachmentId: task.attachmentId, privateIpv4Address: task.ip }]
      : [],
    healthStatus: container.health?.status ?? "UNKNOWN",
    managedAgents: agent && [
      {
        name: "ExecuteCommandAgent",
        lastStatus: agent.lastStatus,
        lastStartedAt: seconds(agent.lastStartedAt),
        reason: agent.reason,
      },
    ],
    cpu: String(definition.cpu ?? 0),
    memory: definition.memory === undefined ? undefined : String(definition.memory),
    memoryReservation:
      definition.memoryReservation === undefined ? undefined : String(definition.memoryReservation),
  };
}

/** The digest of an image: that in its name, else one that is made up from the name, since there is no registry. */
function digestOf(image: string): string {
  const [digest] = /sha256:[\da-f]{64}$/.exec(image) ?? [];
  return digest ?? `sha256:${createHash("sha256").update(image).digest("hex")}`;
}

/** A time in milliseconds as awsJson1.1 writes it: in seconds. */
function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
