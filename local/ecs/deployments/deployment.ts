import type { CapacityProvider, Service, TaskSet, VolumeConfiguration } from "../../ecs-shapes.ts";
import type { DeploymentConfiguration, ServiceDeployment } from "./service-deployment.ts";

/** The members of CreateService and UpdateService that moto does not keep. */
export interface UnrecordedMembers {
  readonly enableExecuteCommand?: boolean;
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
  readonly deploymentConfiguration?: DeploymentConfiguration | undefined;
  readonly volumeConfigurations?: readonly VolumeConfiguration[] | undefined;
}

/** The tasks of one revision of a service. */
export interface Deployment {
  readonly unrecorded: UnrecordedMembers;
  /** `ecs-svc/…`, new with each deployment: the `startedBy` of its tasks. */
  readonly id: string;
  readonly record: ServiceDeployment;
  /** An earlier deployment, whose tasks go on running until this one has gone through its stages. */
  readonly keeps?: Deployment | undefined;
  /** Whether the scheduler runs its own tasks. */
  readonly isStarted: boolean;
}

/**
 * The source of a service's tasks: its PRIMARY task set when its deployment controller makes task sets, else the
 * service.
 */
export function sourceOf(service: Service): Omit<TaskSet, "taskSetArn" | "status"> | undefined {
  if ((service.deploymentController?.type ?? "ECS") === "ECS") return { ...service };
  return service.taskSets?.find(({ status }) => status === "PRIMARY");
}
