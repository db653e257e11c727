import type { Service } from "../../src/aws/ecs.ts";
import type { Origin } from "../../src/inputs/origin.ts";
import type { LaunchInputs } from "../../src/targets/start/borrow.ts";

/** The inputs of a new task on Fargate in one subnet with defaults, changed by those given. */
export function startInputs(more: Partial<LaunchInputs> = {}): LaunchInputs {
  return {
    subnets: ["subnet-1"],
    securityGroups: [],
    assignPublicIp: undefined,
    capacityProviders: [],
    launchType: "FARGATE",
    volumes: [],
    placement: {},
    platformVersion: undefined,
    cpu: undefined,
    memory: undefined,
    taskRole: undefined,
    executionRole: undefined,
    tags: {},
    overrides: {},
    hold: true,
    keepTask: "never",
    ...more,
  };
}

/** A capacity provider of instances. */
export const BIG_MACHINES = { name: "big-machines", weight: 1, base: 0 };
export const SPOT = { name: "FARGATE_SPOT", weight: 1, base: 0 };

export const origin: Origin = {
  id: "a1b2c3d4",
  repository: "example/web.site",
  runId: "17",
  runAttempt: "2",
  url: "https://github.com/example/web.site/actions/runs/17",
  variables: {},
};

export function aService(more: Partial<Service> = {}): Service {
  return {
    arn: "arn:aws:ecs:eu-central-1:123456789012:service/ci/web",
    name: "web",
    isExpress: false,
    status: "ACTIVE",
    desiredCount: 1,
    runningCount: 0,
    pendingCount: 0,
    taskDefinitionArn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
    enableExecuteCommand: true,
    launchType: "FARGATE",
    capacityProviders: [],
    platformVersion: "1.4.0",
    network: { subnets: ["subnet-8", "subnet-9"], securityGroups: ["sg-9"], assignPublicIp: true },
    volumes: [],
    placement: {},
    pauseHooks: [],
    events: [],
    ...more,
  };
}
