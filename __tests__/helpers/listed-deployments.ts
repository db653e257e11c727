import type { DeploymentBrief } from "../../src/aws/ecs.ts";

/** What `listServiceDeployments` answers when the service has these deployments. */
export function listed(
  all: readonly DeploymentBrief[],
  statuses: readonly string[] | undefined,
): Promise<readonly DeploymentBrief[]> {
  const found = all.filter(({ status }) => statuses?.includes(status) ?? true);
  return Promise.resolve(found.toSorted((a, b) => b.createdAt - a.createdAt));
}
