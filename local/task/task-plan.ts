import type {
  CapacityProvider,
  Cluster,
  NetworkConfiguration,
  Tag,
  TaskDefinition,
  TaskOverride,
} from "../ecs-shapes.ts";

/** The task that RunTask or a service asks for. */
export interface TaskPlan {
  readonly cluster: Cluster;
  readonly definition: TaskDefinition;
  readonly overrides: TaskOverride;
  readonly launchType?: string | undefined;
  readonly capacityProvider?: CapacityProvider | undefined;
  readonly platformVersion?: string | undefined;
  readonly network?: NetworkConfiguration | undefined;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly tags: readonly Tag[];
  readonly enableExecuteCommand: boolean;
}
