import type { CapacityProvider } from "../../aws/ecs.ts";
import { isForFargate } from "../../inputs/start.ts";

/** What new tasks run on. */
export interface Capacity {
  /** ECS uses them instead of the launch type. Either all of them are Fargate's, or none is. */
  readonly capacityProviders: readonly CapacityProvider[];
  /** FARGATE, EC2, EXTERNAL or MANAGED_INSTANCES. */
  readonly launchType: string;
}

/** Whether the tasks run on Fargate. Otherwise they run on instances: the account's, those that ECS manages, or external ones. */
export function isOnFargate({ capacityProviders, launchType }: Capacity): boolean {
  if (capacityProviders.length === 0) return launchType === "FARGATE";
  return isForFargate({ capacityProviders });
}
