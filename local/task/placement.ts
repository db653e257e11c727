import type { CapacityProvider, TaskDefinition } from "../ecs/shapes.ts";

export interface Placement {
  readonly launchType?: string | undefined;
  readonly capacityProvider?: CapacityProvider | undefined;
}

/** Where a task runs, as DescribeTasks and the metadata endpoint tell it. Providers other than Fargate's have instances. */
export function launchTypeOf({ launchType, capacityProvider }: Placement): string {
  const isOnInstance = !/^FARGATE(_SPOT)?$/.test(capacityProvider?.capacityProvider ?? "FARGATE");
  return launchType ?? (isOnInstance ? "EC2" : "FARGATE");
}

/** Whether the task has a network interface of its own. */
export function hasInterface({ definition }: { readonly definition: TaskDefinition }): boolean {
  return definition.networkMode === "awsvpc";
}
