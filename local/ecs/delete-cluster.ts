import { AwsError } from "../aws-error.ts";
import { clusterName, requireCluster, type Ecs } from "./ecs.ts";

export interface DeleteClusterRequest {
  readonly cluster: string;
}

/**
 * Deletes a cluster by moto. Like ECS, it refuses a cluster that has services or tasks. The texts are ECS's, quoted in
 * github.com/aws/amazon-ecs-cli/issues/368 (services) and github.com/gruntwork-io/cloud-nuke/issues/368 (tasks).
 */
export async function deleteCluster(ecs: Ecs, request: DeleteClusterRequest): Promise<object> {
  await requireCluster(ecs, request.cluster);
  if (await hasServices(ecs, request.cluster))
    throw new AwsError(
      "ClusterContainsServicesException",
      "The Cluster cannot be deleted while Services are active.",
    );
  const name = clusterName(request.cluster);
  const activeTasks = [...ecs.tasks.values()].filter(
    ({ plan, lastStatus }) => plan.cluster.clusterName === name && lastStatus !== "STOPPED",
  );
  if (activeTasks.length > 0)
    throw new AwsError(
      "ClusterContainsTasksException",
      "The Cluster cannot be deleted while Tasks are active.",
    );
  return (await ecs.records.call("DeleteCluster", request)) as object;
}

/** Whether the cluster has a service that is not deleted. moto's ListServices also returns deleted ones, as INACTIVE. */
async function hasServices({ records }: Ecs, cluster: string): Promise<boolean> {
  const { serviceArns } = (await records.call("ListServices", { cluster })) as { serviceArns: string[] };
  const services = await Promise.all(serviceArns.map((arn) => records.service(cluster, arn)));
  return services.some(({ status }) => status !== "INACTIVE");
}
