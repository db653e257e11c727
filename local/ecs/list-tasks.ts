import { clusterName, requireCluster, type Ecs } from "./ecs.ts";
import { launchTypeOf } from "../task/placement.ts";
import { invalidParameter, serviceNotFound } from "./errors.ts";

export interface ListTasksRequest {
  readonly cluster?: string;
  readonly family?: string;
  readonly serviceName?: string;
  readonly startedBy?: string;
  readonly desiredStatus?: "RUNNING" | "PENDING" | "STOPPED";
  readonly launchType?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export async function listTasks(ecs: Ecs, request: ListTasksRequest): Promise<object> {
  await requireCluster(ecs, request.cluster);
  const cluster = clusterName(request.cluster);
  const { family, serviceName, startedBy, desiredStatus = "RUNNING", launchType, maxResults = 100 } = request;
  if (maxResults < 1 || maxResults > 100) throw invalidParameter("maxResults should be between 1 and 100");
  const service = serviceName?.split("/").at(-1);
  if (service !== undefined) {
    const found = await ecs.records.service(cluster, service);
    if (found.status === "INACTIVE") throw serviceNotFound();
  }

  const arns = [...ecs.tasks.values()]
    .filter(({ plan }) => plan.cluster.clusterName === cluster)
    .filter((task) => task.desiredStatus === desiredStatus)
    .filter(({ plan }) => family === undefined || plan.definition.family === family)
    .filter(({ plan }) => service === undefined || plan.group === `service:${service}`)
    .filter(({ plan }) => startedBy === undefined || plan.startedBy === startedBy)
    .filter(({ plan }) => launchType === undefined || launchTypeOf(plan) === launchType)
    .map(({ arn }) => arn);

  const start = request.nextToken === undefined ? 0 : offset(request.nextToken);
  const end = start + maxResults;
  return {
    taskArns: arns.slice(start, end),
    nextToken: end < arns.length ? Buffer.from(String(end)).toString("base64") : undefined,
  };
}

function offset(token: string): number {
  const found = Number(Buffer.from(token, "base64").toString());
  if (!Number.isInteger(found) || found <= 0) throw invalidParameter("Invalid token");
  return found;
}
