import type { Container, Task } from "../../src/aws/task.ts";
import type { ContainerDefinition, TaskDefinition } from "../../src/aws/task-definition.ts";

export const CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/ci";
export const ID = "0123456789abcdef0123456789abcdef";
export const TASK = `arn:aws:ecs:eu-central-1:123456789012:task/ci/${ID}`;

/** A container that takes sessions, changed by the given members. */
export function aContainer(more: Partial<Container> = {}): Container {
  return {
    name: "app",
    image: "example/app:1",
    imageDigest: undefined,
    lastStatus: "RUNNING",
    exitCode: undefined,
    reason: undefined,
    runtimeId: `${ID}-1234567890`,
    execAgent: { status: "RUNNING", reason: undefined },
    ...more,
  };
}

/** A task that takes sessions, changed by the given members. */
export function aTask(more: Partial<Task> = {}): Task {
  return {
    arn: TASK,
    clusterArn: CLUSTER,
    taskDefinitionArn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
    startedBy: undefined,
    group: undefined,
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    stopCode: undefined,
    stoppedReason: undefined,
    cpu: 1024,
    memory: 2048,
    enableExecuteCommand: true,
    createdAt: 1_000,
    startedAt: 2_000,
    connectivityAt: undefined,
    pullStartedAt: undefined,
    pullStoppedAt: undefined,
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    platformFamily: "Linux",
    healthStatus: "UNKNOWN",
    privateIp: "10.0.0.7",
    networkInterfaceId: "eni-1",
    taskRoleArn: undefined,
    containers: [aContainer()],
    ...more,
  };
}

export function aDefinition(containers: readonly Partial<ContainerDefinition>[] = [{}]): TaskDefinition {
  return {
    arn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
    family: "web",
    active: true,
    registeredAt: undefined,
    networkMode: "awsvpc",
    taskRoleArn: "arn:aws:iam::123456789012:role/task",
    executionRoleArn: undefined,
    pidMode: undefined,
    registeredBy: undefined,
    operatingSystem: undefined,
    architecture: undefined,
    registrable: { family: "web", containerDefinitions: [{ name: "app", image: "example/app:1" }] },
    tags: {},
    unread: [],
    containers: containers.map((container) => ({
      name: "app",
      image: "example/app:1",
      essential: true,
      entryPoint: [],
      readonlyRootFilesystem: false,
      initProcessEnabled: true,
      environmentNames: [],
      noProxy: {},
      writableMounts: [],
      waitsFor: [],
      hasHealthCheck: false,
      awslogs: undefined,
      ...container,
    })),
  };
}
