import { AwsError } from "../aws-error.ts";
import { clusterName, requireCluster, type Ecs } from "./ecs.ts";

export interface DeleteClusterRequest {
  readonly cluster: string;
}

/**
 * moto's DeleteCluster, but a cluster with services or tasks is refused, as by ECS. The texts are from users'
 * reports.
 */
export async function deleteCluster(ecs: Ecs, request: DeleteClusterRequest): Promise<object> {
  await requireCluster(ecs, request.cluster);
  if (await hasServices(ecs, request.cluster))
    throw new AwsError(
      "ClusterContainsServicesException",
      "The Cluster cannot be deleted while Services are active.",
    );
  const name = clusterName(request.cluster);
  const alive = [...ecs.tasks.values()].filter(
    ({ plan, lastStatus }) => plan.cluster.clusterName === name && lastStatus !== "STOPPED",
  );
  if (alive.length > 0)
    throw new AwsError(
      "ClusterContainsTasksException",
      "The Cluster cannot be deleted while Tasks are active.",
    );
  return (await ecs.records.call("DeleteCluster", request)) as object;
}

/** Whether a cluster has services; moto also lists those that were deleted. */
async function hasServices({ records }: Ecs, cluster: string): Promise<boolean> {
  const { serviceArns } = (await records.call("ListServices", { cluster })) as { serviceArns: string[] };
  const found = await Promise.all(serviceArns.map((arn) => records.service(cluster, arn)));
  return found.some(({ status }) => status !== "INACTIVE");
}
