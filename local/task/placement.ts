import type { CapacityProvider, TaskDefinition } from "../ecs-shapes.ts";

export interface Placement {
  readonly launchType?: string | undefined;
  readonly capacityProvider?: CapacityProvider | undefined;
}

/** The launch type that DescribeTasks and the metadata endpoint show. A capacity provider other than Fargate's has EC2 instances. */
export function launchTypeOf({ launchType, capacityProvider }: Placement): string {
  const isOnInstance = !/^FARGATE(_SPOT)?$/.test(capacityProvider?.capacityProvider ?? "FARGATE");
  return launchType ?? (isOnInstance ? "EC2" : "FARGATE");
}

/** Whether the task has a network interface of its own. */
export function hasInterface({ definition }: { readonly definition: TaskDefinition }): boolean {
  return definition.networkMode === "awsvpc";
}
