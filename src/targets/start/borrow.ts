import type { Service } from "../../aws/ecs.ts";
import { badInput, type Failure } from "../../errors.ts";
import type { DefinitionReference, NewTaskSource, StartInputs } from "../../inputs/inputs.ts";
import { type Capacity, isOnFargate } from "./capacity.ts";

/** How a new task is started, and what it runs on. */
export interface LaunchInputs extends StartInputs, Capacity {}

/**
 * Completes the inputs of a new task by the service's network, platform version, and capacity providers or launch type.
 * What the inputs set stays. The definition that is made for an image alone is for Fargate, so its task takes no capacity of a service
 * that runs elsewhere. Without a service the task runs on Fargate.
 */
export function borrow(
  start: StartInputs,
  service: Service | undefined,
  source: NewTaskSource,
): LaunchInputs {
  if (service === undefined) return { ...start, launchType: "FARGATE" };
  const { network, platformVersion } = service;
  const { capacityProviders, launchType } = capacityOf(service, source);
  return {
    ...start,
    launchType,
    subnets: start.subnets.length > 0 ? start.subnets : network.subnets,
    securityGroups: start.securityGroups.length > 0 ? start.securityGroups : network.securityGroups,
    assignPublicIp: start.assignPublicIp ?? network.assignPublicIp,
    platformVersion: start.platformVersion ?? platformVersion,
    capacityProviders: start.capacityProviders.length > 0 ? start.capacityProviders : capacityProviders,
  };
}

function capacityOf({ capacityProviders, launchType = "FARGATE" }: Service, source: NewTaskSource): Capacity {
  const own = { capacityProviders, launchType };
  return source.kind === "image" && !isOnFargate(own)
    ? { capacityProviders: [], launchType: "FARGATE" }
    : own;
}

/**
 * The task definition by the name that ECS knows, or by its path when it is a file. Fails with
 * `bad-input` when it is the service's own definition and the service has none.
 */
export function nameDefinition(source: DefinitionReference, service: Service | undefined): string {
  if (source.kind === "task-definition") return source.taskDefinition;
  if (service === undefined)
    throw new Error("a service's own task definition is asked for without a service");
  const { name, taskDefinitionArn } = service;
  if (taskDefinitionArn === undefined) throw noPrimary(name);
  return taskDefinitionArn;
}

function noPrimary(service: string): Failure {
  return badInput(
    "service",
    "a service with a PRIMARY task set, whose task definition a new task can take",
    `'${service}', which has none`,
    "Wait for its deployment, or set the input 'task-definition'.",
  );
}
