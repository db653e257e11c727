import type { Service } from "../../aws/ecs.ts";
import { badInput, type Failure } from "../../errors.ts";
import type { DefinitionReference, StartInputs } from "../../inputs/inputs.ts";

/**
 * Completes the inputs of a new task by the service's network, platform version and capacity providers; what the
 * inputs set stays. Fails with `bad-input` for a service that doesn't run on Fargate.
 */
export function borrow(start: StartInputs, service: Service): StartInputs {
  const { capacityProviders, launchType, network } = service;
  const elsewhere =
    capacityProviders.length > 0
      ? capacityProviders.find(({ name }) => !/^FARGATE(_SPOT)?$/.test(name))?.name
      : launchType === "FARGATE"
        ? undefined
        : launchType;
  if (elsewhere !== undefined) {
    throw badInput(
      "service",
      "a service on Fargate, for a new task to be started like its own",
      `'${service.name}', which runs on ${elsewhere}`,
      "Without 'service' name 'subnets', and a task definition that Fargate can run in 'task-definition'.",
    );
  }
  return {
    ...start,
    subnets: start.subnets.length > 0 ? start.subnets : network.subnets,
    securityGroups: start.securityGroups.length > 0 ? start.securityGroups : network.securityGroups,
    assignPublicIp: start.assignPublicIp ?? network.assignPublicIp,
    platformVersion: start.platformVersion ?? service.platformVersion,
    capacityProviders: start.capacityProviders.length > 0 ? start.capacityProviders : capacityProviders,
  };
}

/**
 * The task definition by the name that ECS knows, or by its path where it is a file of the workspace. Fails with
 * `bad-input` for the own definition of a service that has none.
 */
export function definitionReference(of: DefinitionReference, service: Service | undefined): string {
  if (of.kind === "task-definition") return of.taskDefinition;
  if (service === undefined)
    throw new Error("a service's own task definition is asked for without a service");
  const { name, taskDefinitionArn } = service;
  if (taskDefinitionArn === undefined) throw noPrimary(name);
  return taskDefinitionArn;
}

function noPrimary(service: string): Failure {
  return badInput(
    "service",
    "a service with a PRIMARY task set, for a new task to be started like its own",
    `'${service}', which has none`,
    "Wait for its deployment, or name the input 'task-definition'.",
  );
}
